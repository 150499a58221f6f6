export type XmlValue =
  | string
  | number
  | boolean
  | Date
  | undefined
  | readonly XmlValue[]
  | { readonly [name: string]: XmlValue };

/** An element and its content. A list becomes elements of the name `item`; what is undefined is left out. */
export function element(name: string, value: XmlValue, attributes = '', item = 'item'): string {
  return value === undefined ? '' : `<${name}${attributes}>${content(value, item)}</${name}>`;
}

export const document = (root: string): string => `<?xml version="1.0" encoding="UTF-8"?>\n${root}`;

function content(value: Exclude<XmlValue, undefined>, item: string): string {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map((each) => element(item, each, '', item)).join('');
  if (typeof value === 'object') {
    return Object.entries(value)
      .map(([name, child]) => element(name, child, '', item))
      .join('');
  }
  return escaped(String(value));
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
