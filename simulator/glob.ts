const cache = new Map<string, RegExp>();

/** Whether `text` matches `pattern`, in which `*` stands for any run of characters and `?` for one; case counts. */
export function matchesGlob(pattern: string, text: string): boolean {
  if (!/[*?]/.test(pattern)) return pattern === text;
  let expression = cache.get(pattern);
  if (!expression) {
    const source = pattern
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    expression = new RegExp(`^${source}$`, 's');
    cache.set(pattern, expression);
  }
  return expression.test(text);
}
