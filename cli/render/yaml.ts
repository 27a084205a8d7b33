import { Document, isCollection, isMap, isPair, visit } from 'yaml';
import { columnsMax, indented } from './layout.ts';

/** A scenario or requirements as YAML that can be read back, under comments that say where it comes from. */
export function renderYaml(value: object, comments: readonly string[]): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  // What holds no more than a line reads best on one; what stands at the top reads best below each other.
  visit(document, {
    Map(_, map, path) {
      const isDeep = path.filter(isCollection).length > 1;
      const isFlat = map.items.every((item) => isPair(item) && !isMap(item.value));
      if (isDeep && isFlat && JSON.stringify(map).length < columnsMax) map.flow = true;
    },
    Seq(_, list) {
      if (!list.items.some(isCollection) && JSON.stringify(list).length < columnsMax) list.flow = true;
    },
  });
  const head = comments.map((comment) => `${indented('', comment, columnsMax - 2).replace(/^/gm, '# ')}\n`);
  return `${head.join('')}${document.toString({ lineWidth: 110 })}`;
}
