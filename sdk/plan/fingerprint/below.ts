import { isAbsolute, relative, sep } from 'node:path';

/** Whether a path is a folder or lies below it. Both absolute, both as they are written: links are not followed. */
export function isBelow(folder: string, path: string): boolean {
  const inside = relative(folder, path);
  return inside !== '..' && !inside.startsWith(`..${sep}`) && !isAbsolute(inside);
}
