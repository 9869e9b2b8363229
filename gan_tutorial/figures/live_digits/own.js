// @ts-check
// own.js: a reader's own pictures, made into what a run can learn from. They never leave the page.

import { LEVELS } from "./digits.js";
import { PIXELS, SIDE } from "./reader.js";

const LEAST = 100;

/**
 * Levels of grey of a picture of 28 x 28 whose points have red, green, blue and opacity from 0 to 255, on white paper. A picture
 * whose rim is dark is taken for light ink on a dark ground, and turned around.
 * @param {ArrayLike<number>} points
 */
export function levelsOf(points) {
  const ink = Array.from({ length: PIXELS }, (_, i) => {
    const [red, green, blue, opacity] = [0, 1, 2, 3].map((channel) => points[4 * i + channel] / 255);
    return opacity * (1 - (0.299 * red + 0.587 * green + 0.114 * blue));
  });
  const rim = ink.filter((_, i) => i < SIDE || i >= PIXELS - SIDE || i % SIDE === 0 || i % SIDE === SIDE - 1);
  const turned = rim.reduce((a, b) => a + b) / rim.length > 0.5;
  return Uint8Array.from(ink, (value) => Math.round((LEVELS - 1) * (turned ? 1 - value : value)));
}

/** A picture, as large as it fits into the middle of 28 x 28. @param {Blob} file */
async function readPicture(file) {
  const bitmap = await createImageBitmap(file), canvas = document.createElement("canvas"), scale = SIDE / Math.max(bitmap.width, bitmap.height);
  canvas.width = canvas.height = SIDE;
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d")), [width, height] = [bitmap.width * scale, bitmap.height * scale];
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, (SIDE - width) / 2, (SIDE - height) / 2, width, height);
  bitmap.close();
  return levelsOf(context.getImageData(0, 0, SIDE, SIDE).data);
}

/**
 * What a run learns from, or in words why these files cannot be used, and what was left out.
 * @param {File[]} files @returns {Promise<{ material: import("./digits.js").Material | null, words: string }>}
 */
export async function picturesFrom(files) {
  const read = await Promise.all(files.map((file) => readPicture(file).catch(() => null))), good = read.filter((levels) => levels !== null);
  const unread = files.filter((_, i) => read[i] === null), named = unread.slice(0, 3).map(({ name }) => name).join(", ");
  const left = unread.length > 0 ? ` ${unread.length} of ${files.length} files are no pictures that this browser can read: ${named}${unread.length > 3 ? " …" : ""}.` : "";
  if (good.length < LEAST) return { material: null, words: `A run needs ${LEAST} pictures or more, and these are ${good.length}.${left}` };
  if (new Set(good.map((levels) => levels.join(""))).size === 1) return { material: null, words: `All ${good.length} pictures are the same at 28 × 28 points.${left}` };
  const levels = new Uint8Array(good.length * PIXELS);
  good.forEach((each, i) => levels.set(each, i * PIXELS));
  return {
    material: { count: good.length, levels, labels: new Int8Array(good.length).fill(-1), reader: null },
    words: `${good.length.toLocaleString("en")} pictures of yours, at 28 × 28 points of grey. They stay in this page. Nobody reads them, so there is no share of legible ones.${left}`,
  };
}
