import { Document, isCollection, isMap, isPair, visit } from 'yaml';
import { columnsMax, indented } from './layout.ts';

/** A scenario or requirements as YAML that can be read back, under comments that say where it comes from. */
export function renderYaml(value: object, comments: readonly string[]): string {
  const document = new Document(value, { aliasDuplicateObjects: false });
  // A node or a fault reads best on one line.
  visit(document, {
    Map(key, map, path) {
      const isItem = path.length > 1 && key !== 'value';
      const isFlat = map.items.every((item) => isPair(item) && !isMap(item.value));
      if (isItem && isFlat && JSON.stringify(map).length < columnsMax) map.flow = true;
    },
    Seq(_, list) {
      if (!list.items.some(isCollection) && JSON.stringify(list).length < columnsMax) list.flow = true;
    },
  });
  const head = comments.map((comment) => `${indented('', comment, columnsMax - 2).replace(/^/gm, '# ')}\n`);
  return `${head.join('')}${document.toString({ lineWidth: 110 })}`;
}
