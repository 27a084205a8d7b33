/**
 * Replaces the page's animation frames with ones the test hands out, so that a display of any rate can be played, and
 * counts how often the page asked. Runs inside the page, before its own scripts: it must not use anything outside.
 */
export function installFakeFrames(): void {
  let waiting = new Map<number, FrameRequestCallback>();
  let asked = 0;
  let nowMs = 0;
  window.requestAnimationFrame = (callback) => {
    waiting.set(++asked, callback);
    return asked;
  };
  window.cancelAnimationFrame = (handle) => {
    waiting.delete(handle);
  };
  window.fakeFrames = {
    asked: () => asked,
    waiting: () => waiting.size,
    async play(frames: number, hz: number): Promise<void> {
      for (let frame = 0; frame < frames; frame++) {
        nowMs += 1000 / hz;
        const due = waiting;
        waiting = new Map();
        for (const callback of due.values()) callback(nowMs);
        // Components render in microtasks after the frame, as they would before the next one.
        await null;
        await null;
      }
    },
  };
}

declare global {
  interface Window {
    /** The test's hand on the display. */
    fakeFrames: {
      /** How many frames the page has asked for so far. */
      asked(): number;
      /** How many requests are open now. */
      waiting(): number;
      play(frames: number, hz: number): Promise<void>;
    };
  }
}
