/** What every command's exit code means. */
export const exitCodes = {
  asHoped: 0,
  /** A target or expectation was missed, or `find` found a violation. */
  missed: 1,
  wrongInput: 2,
  /** The budget was spent before the answer was known. */
  unknown: 3,
  ourFault: 70,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];
