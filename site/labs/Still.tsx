import { open, type Scenario } from '#engine';
import { PictureView } from './PictureView.tsx';
import { Picture } from './picture.ts';

/** A run at one instant, as a picture that does not move. Rendered at build, ships no script. */
export default function Still({ scenario, atMs }: { readonly scenario: Scenario; readonly atMs: number }) {
  const player = open(scenario);
  player.advanceTo(atMs);
  return <PictureView picture={new Picture(player.view())} />;
}
