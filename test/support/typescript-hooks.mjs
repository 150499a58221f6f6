import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';

/** Our imports end in `.js`; where there is only the `.ts`, that one is meant. */
export const resolve = (specifier, context, next) => {
  if (/^(\.|file:)/.test(specifier) && specifier.endsWith('.js')) {
    const asked = new URL(specifier, context.parentURL);
    const source = new URL(asked.href.replace(/\.js$/, '.ts'));
    if (!existsSync(fileURLToPath(asked)) && existsSync(fileURLToPath(source)))
      return { url: source.href, shortCircuit: true };
  }
  return next(specifier, context);
};

export const load = async (url, context, next) => {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
  const source = await readFile(fileURLToPath(url), 'utf8');
  const { code } = await transform(source, {
    filename: fileURLToPath(url),
    sourceMaps: 'inline',
    jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
    module: { type: 'es6' },
  });
  return { format: 'module', source: code, shortCircuit: true };
};
