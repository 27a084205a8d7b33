/**
 * Numbers read out of a report, or any other document, by path.
 *
 * A part of a path is a key; inside a list it is an index, the `name` or `node` of the element meant, or `*` for each:
 * `latencyMs.write.p99`, `verdicts.lost-writes.count`, `nodes.a.writes`, `failovers.0.rtoMs`, `failovers.*.rtoMs`.
 */

/** The number at a path; null where the way there or its end is null, undefined where it is no number. */
export function numberAt(document: unknown, path: string): number | null | undefined {
  const numbers = numbersAt(document, path);
  return numbers === undefined ? undefined : (numbers[0] ?? null);
}

/** All numbers at a path, none where the way there or its end is null; undefined where it leads to no number. */
export function numbersAt(document: unknown, path: string): number[] | undefined {
  const numbers: number[] = [];
  return collect(document, path.split('.'), 0, numbers) ? numbers : undefined;
}

/** False where the path leads nowhere. */
function collect(at: unknown, parts: readonly string[], index: number, numbers: number[]): boolean {
  if (at === null) return true;
  const part = parts[index];
  if (part === undefined) {
    if (typeof at === 'number') numbers.push(at);
    return typeof at === 'number';
  }
  if (typeof at !== 'object') return false;
  if (!Array.isArray(at)) {
    return (
      Object.hasOwn(at, part) && collect((at as Record<string, unknown>)[part], parts, index + 1, numbers)
    );
  }
  if (part === '*') return at.every((each) => collect(each, parts, index + 1, numbers));
  return collect(elementOf(at, part), parts, index + 1, numbers);
}

/** An index beyond the list is what was not measured. */
function elementOf(list: readonly unknown[], part: string): unknown {
  if (/^\d+$/.test(part)) return list[Number(part)] ?? null;
  return list.find((each) => {
    const { name, node } = each as { name?: string; node?: string };
    return name === part || node === part;
  });
}
