/** A path inside the site, under whatever base it is served from: `link('chapters/one-leader/')`. */
export function link(path: string): string {
  const base = import.meta.env.BASE_URL;
  return `${base.endsWith('/') ? base : `${base}/`}${path}`;
}
