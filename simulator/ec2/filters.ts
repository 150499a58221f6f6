import { AwsError } from '../errors.js';
import { matchesGlob } from '../glob.js';
import type { Form } from '../http/form.js';

/** What a resource shows to filters: its tags, and its fields by their filter names. */
export interface Filterable {
  tags: Record<string, string>;
  fields: Record<string, readonly string[]>;
}

/**
 * What a request's filters let through; values of a filter are alternatives, with wildcards.
 * @throws AwsError InvalidParameterValue (when it is asked) for a filter that the resource does not know
 */
export function filterOf(form: Form): (resource: () => Filterable) => boolean {
  const filters = form.filters();
  return (resource) => {
    if (filters.length === 0) return true;
    const { tags, fields } = resource();
    return filters.every(({ name, values }) => {
      const matches = (found: readonly string[]) =>
        values.some((value) => found.some((each) => matchesGlob(value, each)));
      if (name === 'tag-key') return matches(Object.keys(tags));
      if (name.startsWith('tag:')) {
        const value = tags[name.slice('tag:'.length)];
        return value !== undefined && matches([value]);
      }
      const found = fields[name];
      if (!found) throw new AwsError('InvalidParameterValue', `The filter '${name}' is invalid`);
      return matches(found);
    });
  };
}

/** The page size of a request, within EC2's bounds. */
export function pageSize(form: Form, most: number): number {
  const size = form.number('MaxResults') ?? most;
  if (!(size >= 5))
    throw new AwsError('InvalidParameterValue', `Value ( ${size} ) for parameter maxResults is invalid.`);
  return Math.min(size, most);
}

export const badToken = (): AwsError =>
  new AwsError('InvalidParameterValue', "The value of parameter 'nextToken' is not valid.");

export const tagSet = (tags: Record<string, string>) => Object.entries(tags).map(([key, value]) => ({ key, value }));
