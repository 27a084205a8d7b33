/** The engine's version: equal versions give equal runs. Part of every record and link. */
export const engineVersion = '0.5.0';
