import { expect, test } from 'vitest';
import { withTimesGrouped } from './layout.ts';

test('times in a sentence are grouped as in tables, names and what follows a point are not', () => {
  expect(withTimesGrouped('at 29959.273 ms a wrote record 15088 (write number 21033), 1234567 ms late')).toBe(
    'at 29,959.273 ms a wrote record 15088 (write number 21033), 1,234,567 ms late',
  );
  expect(withTimesGrouped('199.5112 ms, 1.12345 ms, 1,200.5 ms')).toBe('199.5112 ms, 1.12345 ms, 1,200.5 ms');
});
