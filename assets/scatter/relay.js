// The entry of the invisible mounts: hands what Python sends (places of a map, options, pictures) to the scatter of the
// same name, or keeps it until that comes. A module of its own, so that a frame of a forming map does not carry the whole
// script with it.

export default function relay({ data }) {
  const post = (globalThis.labScatter ??= { parts: new Map(), apps: new Map() });
  let heading;
  let body;
  if (data instanceof Uint8Array) {
    const end = data.indexOf(10); // a line of JSON, then the message
    heading = JSON.parse(new TextDecoder().decode(data.subarray(0, end)));
    body = data.subarray(end + 1);
  } else [heading, body] = data;
  const parts = post.parts.get(heading.name) ?? new Map();
  post.parts.set(heading.name, parts.set(heading.part, body));
  post.apps.get(heading.name)?.(heading.part, body);
  return () => parts.get(heading.part) === body && parts.delete(heading.part);
}
