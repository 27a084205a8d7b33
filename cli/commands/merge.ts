import { InputError, parseSweep, Swept } from '#engine';
import { type ExitCode, exitCodes } from '../exit-codes.ts';
import { UsageError } from '../failures.ts';
import { type Io, throwIfInterrupted } from '../io.ts';
import { type Part, readPart } from '../journal.ts';
import { checkOutputs, type SweepOutputs, writeOutputs } from '../sweep-output.ts';

export interface MergeOptions extends SweepOutputs {
  readonly parts: readonly string[];
}

/** Joins the parts of one sweep into what one machine would have given, byte for byte. */
export async function mergeCommand(options: MergeOptions, io: Io): Promise<ExitCode> {
  const parts = options.parts.map((path) => {
    throwIfInterrupted(io);
    return readPart(path);
  });
  checkTogether(parts);
  const [first] = parts;
  const sweep = sweepOf(first!);
  checkOutputs(options, sweep.axes.length);
  const swept = new Swept(sweep);
  for (const { path, cells } of parts) {
    for (const { cell, sketch } of cells) {
      try {
        swept.addToCell(cell, sketch);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw new UsageError(`${path}: cell ${cell} is ${error.message}.`);
      }
    }
  }
  writeOutputs(swept, options, io);
  return exitCodes.asHoped;
}

/** All of one sweep, all by one version, each once, none missing. */
function checkTogether(parts: readonly Part[]): void {
  const [first, ...others] = parts;
  for (const { path, header } of others) {
    const { engine, digest, shard } = first!.header;
    if (header.engine !== engine)
      throw new UsageError(
        `${path}: by quorate ${header.engine}, but ${first!.path} by ${engine}. Parts of different versions do not fit together.`,
      );
    if (header.digest !== digest)
      throw new UsageError(
        `${path}: a part of another sweep than ${first!.path}, or of this one before it was changed.`,
      );
    if (header.shard.of !== shard.of)
      throw new UsageError(
        `${path}: one of ${header.shard.of} parts, but ${first!.path} is one of ${shard.of}.`,
      );
  }
  const seen = new Map<number, string>();
  for (const { path, header } of parts) {
    const { index, of } = header.shard;
    const other = seen.get(index);
    if (other !== undefined)
      throw new UsageError(`${path}: part ${index} of ${of}, and so is ${other}. Give each part once.`);
    seen.set(index, path);
  }
  const { of } = first!.header.shard;
  const missing = Array.from({ length: of }, (_, index) => index + 1).filter((index) => !seen.has(index));
  if (missing.length > 0)
    throw new UsageError(
      `${missing.length} of ${of} parts ${missing.length === 1 ? 'is' : 'are'} missing: ${missing.slice(0, 20).join(', ')}${missing.length > 20 ? ', …' : ''}.`,
    );
}

function sweepOf({ path, header }: Part) {
  try {
    return parseSweep(header.document);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new UsageError(`${path}: not a sweep that this version of quorate understands.`);
  }
}
