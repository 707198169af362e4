"""What every test of a drag looks at: draws a second, from the finger to the paint, and what goes over the wire."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

# From an input event to the end of the frame that paints it; the message arrives after the frame's drawing.
WATCH = """(root, slider) => {
  const log = (root.dragLog = []);
  root.querySelector(slider).addEventListener('input', event => {
    requestAnimationFrame(() => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => log.push(performance.now() - event.timeStamp);
      port2.postMessage(0);
    });
  });
}"""
DRIVE = """async (root, [selector, values]) => {
  const slider = root.querySelector(selector);
  const [draws, start] = [root.labHook.draws, performance.now()];
  for (const value of values) {
    slider.value = value;
    slider.dispatchEvent(new Event('input'));
    await new Promise(requestAnimationFrame);
  }
  return (root.labHook.draws - draws) / ((performance.now() - start) / 1000);
}"""


def frames_of(page) -> list[int]:
    """The bytes of every frame on the page's websocket from now on, both ways; it grows."""
    frames: list[int] = []
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    for direction in ("Sent", "Received"):  # payloads of binary frames are reported in base64
        session.on(
            f"Network.webSocketFrame{direction}",
            lambda event: frames.append(len(event["response"]["payloadData"]) * 3 // 4),
        )
    return frames


def watch_drag(root, slider: str = ".slider") -> None:
    """Begin to time the slider; `input_to_paint` tells."""
    root.evaluate(WATCH, slider)


def input_to_paint(root) -> str:
    """In words; not for an assertion, because a busy machine would decide."""
    delays = sorted(root.evaluate("root => root.dragLog"))
    return f"input to paint p50 {statistics.median(delays):.1f} ms, p95 {delays[int(0.95 * len(delays))]:.1f} ms"


def drive(root, values: Sequence[float], slider: str = ".slider") -> float:
    """Draws a second as fast as the page can: a new value in every frame. The mouse of the test driver is slower."""
    return root.evaluate(DRIVE, [slider, list(values)])
