/**
 * Measured round trips between regions of cloud providers, as presets for links.
 *
 * ```ts
 * const row = regionRtt({ provider: 'AWS', from: 'us-east-1', to: 'eu-west-1' });
 * const latency = row && oneWayLatency(row); // for each direction of the link
 * ```
 *
 * Four published tables. Where several know a pair, the one with percentiles answers, then a median, then a mean,
 * the newest first; a caller who wants one table only names its date. So two pairs of one scenario may come from
 * different years, which `measured` says. Nothing is here for Google Cloud: no table of numbers is published.
 */

import { ln } from '../kernel/exact-math.ts';
import type { LatencyPoint, LatencySpec } from '../kernel/latency-spec.ts';

/** One measured round trip. Durations in µs. */
export interface RttRow {
  readonly provider: string;
  readonly from: string;
  readonly to: string;
  /** When the table was measured: `2013-05`, `2019..2021`, `2023-07` or `2026-07`. */
  readonly measured: string;
  readonly statistic: 'median' | 'mean';
  /** The round trip by that statistic. */
  readonly rttUs: number;
  /** Percentiles of the round trip from p50 up; empty where only the statistic is published. */
  readonly points: readonly LatencyPoint[];
  /** The mean beside the percentiles, or undefined. */
  readonly meanUs: number | undefined;
  /** Whether the table holds only the opposite direction, which then stands for both. */
  readonly isReversed: boolean;
  readonly source: string;
}

/** Names in any case, with or without spaces and hyphens: `East US`, `eastus` and `east-us` are one region. */
export interface RttQuestion {
  readonly provider: string;
  readonly from: string;
  readonly to: string;
  /** Only the table of this date. */
  readonly measured?: string;
}

/**
 * The best row for a pair of regions, or of two places inside one where the table has them. Undefined when no table
 * knows the pair; `nearRegions` then has names for the message.
 */
export function regionRtt(question: RttQuestion): RttRow | undefined {
  const { measured } = question;
  const isAsked = (table: Table) =>
    plain(table.provider) === plain(question.provider) &&
    (measured === undefined || table.measured === measured);
  const tables = TABLES.filter(isAsked);
  for (const table of tables) {
    const row =
      table.rows.get(pairOf(question.from, question.to)) ??
      reversed(table.rows.get(pairOf(question.to, question.from)));
    if (row !== undefined) return row;
  }
  return undefined;
}

/** Every region name of a provider, in the order of its tables; empty for a provider without one. */
export function regionNames(provider: string): string[] {
  const names = new Set<string>();
  for (const table of TABLES) {
    if (plain(table.provider) !== plain(provider)) continue;
    for (const row of table.rows.values()) names.add(row.from).add(row.to);
  }
  return [...names];
}

/** The providers with tables. */
export function rttProviders(): string[] {
  return [...new Set(TABLES.map((table) => table.provider))];
}

/** Up to four region names of the provider that resemble a name it does not have, the nearest first. */
export function nearRegions(provider: string, name: string): string[] {
  const asked = plain(name);
  return regionNames(provider)
    .map((known, index) => ({ known, index, distance: editDistance(asked, plain(known)) }))
    .filter(({ known, distance }) => distance <= Math.max(2, Math.floor(plain(known).length / 2)))
    .sort((a, b) => a.distance - b.distance || a.index - b.index)
    .slice(0, 4)
    .map(({ known }) => known);
}

/**
 * The delay of one direction: half the round trip's distribution, drawn independently of the other direction.
 *
 * A row with a median or a mean only becomes a constant: no table says how its values spread, and a made-up spread
 * would pass for a measured one. A row with percentiles says nothing below its median; there the values lie evenly
 * between the median and the minimum that makes the whole agree with the published mean.
 */
export function oneWayLatency(row: RttRow): LatencySpec {
  if (row.points.length === 0) return { type: 'constant', delayUs: row.rttUs / 2 };
  const minimum = { percentile: 0, delayUs: minimumUs(row) };
  return { type: 'scaled', of: { type: 'empirical', points: [minimum, ...row.points] }, factor: 0.5 };
}

function minimumUs(row: RttRow): number {
  const medianUs = row.rttUs;
  if (row.meanUs === undefined) return medianUs;
  // The part of the mean that the stretches above the median carry; each thins out exponentially, see LatencySpec.
  let aboveUs = 0;
  let slope = 0;
  for (let index = 0; index + 1 < row.points.length; index++) {
    const { percentile, delayUs } = row.points[index]!;
    const next = row.points[index + 1]!;
    const rest = 1 - percentile / 100;
    const nextRest = 1 - next.percentile / 100;
    slope = (next.delayUs - delayUs) / ln(rest / nextRest);
    aboveUs += (rest - nextRest) * (delayUs + slope) - nextRest * (next.delayUs - delayUs);
  }
  const last = row.points.at(-1)!;
  aboveUs += (1 - last.percentile / 100) * (last.delayUs + slope);
  const meanBelowUs = (row.meanUs - aboveUs) / 0.5;
  return Math.min(Math.max(Math.round(2 * meanBelowUs - medianUs), 0), medianUs);
}

function reversed(row: RttRow | undefined): RttRow | undefined {
  return row && { ...row, from: row.to, to: row.from, isReversed: true };
}

function plain(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '');
}

function pairOf(from: string, to: string): string {
  return `${plain(from)} ${plain(to)}`;
}

/** Levenshtein's distance. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}

interface Table {
  readonly provider: string;
  readonly measured: string;
  readonly rows: ReadonlyMap<string, RttRow>;
}

type TableHead = Pick<RttRow, 'provider' | 'measured' | 'statistic' | 'source'>;

/** `from > to: p50 [p75 p95 p99 p99.9 p99.99 mean]` for each line, in ms. */
function tableOfPairs(head: TableHead, text: string): Table {
  const rows = new Map<string, RttRow>();
  for (const line of text.trim().split('\n')) {
    const [pair, numbers] = line.split(': ') as [string, string];
    const [from, to] = pair.split(' > ') as [string, string];
    const us = numbers.split(' ').map(usOfMs);
    const points =
      us.length === 1 ? [] : PERCENTILES.map((percentile, at) => ({ percentile, delayUs: us[at]! }));
    rows.set(pairOf(from, to), {
      ...head,
      from,
      to,
      rttUs: us[0]!,
      points,
      meanUs: us[6],
      isReversed: false,
    });
  }
  return { ...head, rows };
}

/** `from: to1 to2 …` for each line, in ms and in the order of the lines; `-` where nothing was published. */
function tableOfMatrix(head: TableHead, text: string): Table {
  const lines = text
    .trim()
    .split('\n')
    .map((line) => line.split(': ') as [string, string]);
  const rows = new Map<string, RttRow>();
  for (const [from, numbers] of lines) {
    numbers.split(' ').forEach((ms, index) => {
      const to = lines[index]![0];
      if (ms === '-') return;
      const row = { ...head, from, to, rttUs: usOfMs(ms), points: [], meanUs: undefined, isReversed: false };
      rows.set(pairOf(from, to), row);
    });
  }
  return { ...head, rows };
}

function usOfMs(ms: string): number {
  return Math.round(Number(ms) * 1000);
}

const PERCENTILES = [50, 75, 95, 99, 99.9, 99.99];

/** In the order of preference. */
const TABLES: readonly Table[] = [
  tableOfPairs(
    {
      provider: 'AWS',
      measured: '2013-05',
      statistic: 'median',
      source:
        'Bailis, Communication costs in real-world networks, 2013: one ping a second for a week between m1.small instances (github pbailis/bailis.org-blog @8ab03c2d post_data/2013-05-17/ping-pctiles.json)',
    },
    `
us-east-1 > us-west-2: 80.9 81.2 89.2 104 225 263 82.65
us-east-1 > us-west-1: 83.8 84.1 86.1 105 174 189 84.61
us-east-1 > eu-west-1: 109 111 114 118 154 192 107.94
us-east-1 > ap-southeast-1: 253 260 269 274 321 356 253.55
us-east-1 > ap-northeast-1: 203 207 213 230 253 286 202.42
us-east-1 > ap-southeast-2: 269 276 283 318 363 401 265.65
us-east-1 > sa-east-1: 147 162 237 239 246 293 163.44
us-west-2 > us-east-1: 80.9 81.2 92.6 106 225 263 82.86
us-west-2 > us-west-1: 21.6 22 28.4 40.3 81.2 109 22.95
us-west-2 > eu-west-1: 169 171 180 194 217 242 170.6
us-west-2 > ap-southeast-1: 234 240 248 261 300 326 234.45
us-west-2 > ap-northeast-1: 130 144 161 172 258 289 135.13
us-west-2 > ap-southeast-2: 200 205 214 219 232 248 200.64
us-west-2 > sa-east-1: 206 208 219 250 263 285 207.82
us-west-1 > us-east-1: 83.8 84.1 85.9 99.4 174 192 84.51
us-west-1 > us-west-2: 21.6 21.9 26 36.9 77.9 109 22.53
us-west-1 > eu-west-1: 169 174 177 190 239 262 169.8
us-west-1 > ap-southeast-1: 189 193 194 217 265 282 186.87
us-west-1 > ap-northeast-1: 134 136 219 228 264 294 143.73
us-west-1 > ap-southeast-2: 174 188 202 226 260 286 179.08
us-west-1 > sa-east-1: 184 185 191 230 264 287 185.93
eu-west-1 > us-east-1: 109 111 114 120 147 177 107.88
eu-west-1 > us-west-2: 169 172 180 190 212 238 170.6
eu-west-1 > us-west-1: 169 174 177 191 231 259 169.88
eu-west-1 > ap-southeast-1: 202 280 292 301 601 631 234.13
eu-west-1 > ap-northeast-1: 275 276 288 364 405 445 278.39
eu-west-1 > ap-southeast-2: 349 357 363 371 402 422 346.16
eu-west-1 > sa-east-1: 239 241 245 261 292 323 239.81
ap-southeast-1 > us-east-1: 253 260 269 274 323 353 253.51
ap-southeast-1 > us-west-2: 234 239 246 260 302 328 234.25
ap-southeast-1 > us-west-1: 189 193 194 211 256 281 186.74
ap-southeast-1 > eu-west-1: 201 279 291 299 597 629 233.5
ap-southeast-1 > ap-northeast-1: 89.5 94.6 103 127 154 188 90.57
ap-southeast-1 > ap-southeast-2: 269 284 314 395 653 1472 243.03
ap-southeast-1 > sa-east-1: 363 368 371 386 430 462 362.77
ap-northeast-1 > us-east-1: 203 207 213 230 248 285 202.39
ap-northeast-1 > us-west-2: 130 144 161 169 258 288 134.95
ap-northeast-1 > us-west-1: 134 136 222 228 262 289 146.53
ap-northeast-1 > eu-west-1: 275 276 287 363 404 449 278.27
ap-northeast-1 > ap-southeast-1: 89.6 94.7 103 127 154 185 90.63
ap-northeast-1 > ap-southeast-2: 145 146 148 154 270 276 144.17
ap-northeast-1 > sa-east-1: 300 306 313 317 358 396 301.45
ap-southeast-2 > us-east-1: 269 276 283 307 344 378 265.13
ap-southeast-2 > us-west-2: 200 205 212 217 228 243 200.39
ap-southeast-2 > us-west-1: 173 187 200 207 250 275 177.88
ap-southeast-2 > eu-west-1: 350 357 363 371 403 425 346.57
ap-southeast-2 > ap-southeast-1: 269 284 314 396 649 1366 243.12
ap-southeast-2 > ap-northeast-1: 145 146 148 157 270 276 144.28
ap-southeast-2 > sa-east-1: 333 333 335 343 382 413 333.6
sa-east-1 > us-east-1: 147 177 239 291 308 312 167.4
sa-east-1 > us-west-2: 206 208 216 249 262 291 207.57
sa-east-1 > us-west-1: 184 185 191 229 246 282 185.87
sa-east-1 > eu-west-1: 237 239 243 258 291 317 237.68
sa-east-1 > ap-southeast-1: 363 368 371 387 430 461 362.81
sa-east-1 > ap-northeast-1: 300 306 313 317 357 396 301.45
sa-east-1 > ap-southeast-2: 339 339 341 347 384 413 339.23
us-east-1 AZ b > us-east-1 AZ c: 0.849 0.887 0.968 7.9 46.4 60.5 1.08
us-east-1 AZ b > us-east-1 AZ d: 1.65 1.72 5.74 49 65.5 91.6 3.12
us-east-1 AZ c > us-east-1 AZ b: 0.838 0.874 0.96 6.24 12.7 60.3 0.97
us-east-1 AZ c > us-east-1 AZ d: 1.89 1.94 8.21 50.1 68.5 91.4 3.57
us-east-1 AZ d > us-east-1 AZ b: 1.6 1.68 4.46 47.6 60.8 77.6 2.94
us-east-1 AZ d > us-east-1 AZ c: 1.87 1.92 6.69 48.5 61.4 81.5 3.39
us-east-1b host1 > us-east-1b host2: 0.426 0.457 0.532 3.58 13.4 60.3 0.55
us-east-1b host1 > us-east-1b host3: 0.432 0.462 0.541 4.27 21 61.2 0.56
us-east-1b host2 > us-east-1b host1: 0.397 0.428 0.508 2.88 12.3 58.6 0.49
us-east-1b host2 > us-east-1b host3: 0.386 0.423 0.506 4.28 13 55 0.5
us-east-1b host3 > us-east-1b host1: 0.417 0.45 0.535 3.5 11.6 60 0.52
us-east-1b host3 > us-east-1b host2: 0.395 0.431 0.511 3.94 13 55.3 0.51
`,
  ),
  tableOfMatrix(
    {
      provider: 'AWS',
      measured: '2019..2021',
      statistic: 'mean',
      source:
        'cloudping.co averages (github naderalfares/cloudping.co @59e145fa scripts/python3/latencies.csv): whole ms, HTTP rather than ICMP, so a few ms of overhead (3 to 7 ms inside one region); date not recorded, the regions imply about 2019 to 2021',
    },
    `
eu-north-1: 4 140 32 37 48 288 155 249 234 127 239 199 312 25 113 123 172 174
ap-south-1: 137 6 114 117 130 164 40 131 308 204 101 62 150 124 190 200 236 228
eu-west-3: 37 111 5 11 20 277 123 250 202 97 198 168 282 12 83 92 142 158
eu-west-2: 38 116 11 5 14 253 127 215 197 91 205 175 277 19 81 89 142 142
eu-west-1: 52 130 22 18 5 249 141 226 186 83 272 189 260 30 76 100 145 135
ap-northeast-2: 303 162 282 257 247 5 216 46 301 192 76 105 166 283 194 192 145 130
me-south-1: 173 63 134 146 150 216 4 200 337 240 155 92 185 130 197 207 277 252
ap-northeast-1: 263 147 252 231 215 43 178 6 281 160 66 76 117 253 162 161 119 105
sa-east-1: 238 306 200 198 184 299 349 274 7 126 349 344 314 209 121 132 193 184
ca-central-1: 126 203 96 91 79 187 216 161 125 4 210 225 199 104 18 26 80 69
ap-east-1: 244 101 200 215 276 45 147 63 336 219 3 45 131 217 221 216 170 153
ap-southeast-1: 202 62 171 185 188 103 110 78 337 229 59 6 100 185 222 227 179 167
ap-southeast-2: 314 150 283 279 260 154 192 118 326 208 130 95 6 286 201 197 141 143
eu-central-1: 26 118 13 18 26 278 126 252 207 105 207 179 288 4 89 98 147 164
us-east-1: 112 189 82 82 75 192 203 164 126 18 218 222 202 91 5 16 66 80
us-east-2: 126 200 95 94 104 193 214 165 135 32 213 228 197 105 18 5 56 66
us-west-1: 176 233 143 144 146 139 257 115 194 81 158 178 142 150 63 55 6 27
us-west-2: 180 224 159 139 131 127 256 103 183 71 153 167 142 165 77 59 27 5
`,
  ),
  tableOfMatrix(
    {
      provider: 'Azure',
      measured: '2026-07',
      statistic: 'median',
      source:
        'Microsoft Learn, Azure network round-trip latency statistics, data set of 30 July 2026, monthly P50',
    },
    `
East US: - 162 71 224 117 198 201 18 94 184 219 202 28 8 88 174 78 83 71
Japan East: 162 - 227 72 262 122 103 160 236 29 251 49 135 165 231 152 230 234 100
North Europe: 73 225 - 176 172 147 263 77 27 239 172 215 101 76 20 128 13 17 130
Southeast Asia: 224 72 176 - 330 53 95 222 166 68 177 36 197 228 162 83 167 169 162
Brazil South: 118 262 172 331 - 304 295 129 198 283 321 307 149 117 191 277 181 185 177
Central India: 201 122 146 53 303 - 145 201 140 121 131 87 220 204 135 32 141 139 211
Australia East: 202 104 263 95 295 144 - 202 267 127 328 121 176 196 256 172 261 264 161
Canada Central: 18 160 76 222 129 201 202 - 97 182 230 201 29 22 89 175 81 90 64
Germany West Central: 94 235 26 166 196 139 266 97 - 244 165 192 119 92 12 118 16 11 154
Korea Central: 185 30 239 68 284 119 126 182 235 - 246 39 157 188 234 146 239 241 124
South Africa North: 220 247 172 177 321 130 328 230 166 242 - 210 243 216 159 103 163 166 280
East Asia: 204 49 212 36 306 88 122 200 193 39 211 - 176 204 194 113 200 203 141
Central US: - - - - - - - - - - - - - - - - - - -
East US 2: - - - - - - - - - - - - - - - - - - -
France Central: - - - - - - - - - - - - - - - - - - -
UAE North: - - - - - - - - - - - - - - - - - - -
UK South: - - - - - - - - - - - - - - - - - - -
West Europe: - - - - - - - - - - - - - - - - - - -
West US 2: - - - - - - - - - - - - - - - - - - -
`,
  ),
  tableOfPairs(
    {
      provider: 'Azure',
      measured: '2023-07',
      statistic: 'median',
      source:
        'Microsoft Learn, Azure network round-trip latency statistics, July 2023, monthly P50 (github MicrosoftDocs/azure-docs articles/networking/azure-network-latencyv2.md @1c597ca2)',
    },
    `
East US > West US 2: 64
East US > West US: 64
North Europe > West US 2: 130
Japan East > West US 2: 98
East US > Japan East: 156
North Europe > Japan East: 232
Southeast Asia > Japan East: 70
East US > Australia East: 204
Japan East > Australia East: 101
East US > Brazil South: 115
West Europe > Japan East: 219
East US > Central India: 202
`,
  ),
];
