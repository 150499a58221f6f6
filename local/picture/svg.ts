/* SVG as text: the few shapes that a picture of a stage takes. Lengths in pixels. */

type Attributes = Readonly<Record<string, string | number>>;

const element = (name: string, attributes: Attributes, content = ''): string => {
  const listed = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${typeof value === 'number' ? round(value) : escaped(value)}"`,
  );
  return content === '' ? `<${name}${listed.join('')}/>` : `<${name}${listed.join('')}>${content}</${name}>`;
};

export const rectangle = (x: number, y: number, width: number, height: number, more: Attributes): string =>
  element('rect', { x, y, width: Math.max(width, 0.5), height, ...more });

export const line = (x1: number, y1: number, x2: number, y2: number, more: Attributes): string =>
  element('line', { x1, y1, x2, y2, ...more });

export const text = (x: number, y: number, content: string, more: Attributes = {}): string =>
  element('text', { x, y, ...more }, escaped(content));

export const polygon = (points: readonly (readonly [number, number])[], more: Attributes): string =>
  element('polygon', { points: points.map((point) => point.map(round).join(',')).join(' '), ...more });

/** @param title what is read out to those who do not see it */
export const document = (width: number, height: number, title: string, parts: readonly string[]): string =>
  `${element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      viewBox: `0 0 ${round(width)} ${round(height)}`,
      width,
      height,
      'font-family': 'system-ui, "Helvetica Neue", Arial, sans-serif',
      'font-size': 11,
    },
    `\n${[element('title', {}, escaped(title)), rectangle(0, 0, width, height, { fill: '#ffffff' }), ...parts].join('\n')}\n`,
  )}\n`;

const round = (value: number): number => Number(value.toFixed(1));
const escaped = (value: string): string =>
  value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
