import { stringify } from 'yaml';
import { digestOf } from './digest.js';
import type { PinnedPatch } from './fleet.js';
import { comparePatches } from './patch-set.js';
import { isWindowsUpdate } from './versions.js';

/**
 * The YAML that AWS-RunPatchBaseline takes as InstallOverrideList: `id`, and for Linux `title`, which pins the version;
 * a Windows update is pinned by its id alone. The same patches make the same text, whatever their order.
 * All text is quoted: nodes read it with parsers of their own, some of them of YAML 1.1.
 */
export const overrideList = (patches: readonly PinnedPatch[]): string =>
  stringify(
    {
      patches: [...patches]
        .sort(comparePatches)
        .map(({ id, title }) => (isWindowsUpdate(id) || title === '' ? { id } : { id, title })),
    },
    { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN', lineWidth: 0 },
  );

/** The list as an object for the location's bucket. Its name is that of its content: writing it twice is once. */
export function overrideListObject(patches: readonly PinnedPatch[]): { readonly name: string; readonly body: string } {
  const body = overrideList(patches);
  return { name: `install-lists/${digestOf(body).replace('sha256:', '')}.yaml`, body };
}
