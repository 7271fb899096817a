/**
 * Colours for a terminal, and none elsewhere or where `NO_COLOR` is set.
 */

import { styleText } from "node:util";

type Style = Parameters<typeof styleText>[0];

let isEnabled = false;

/** Switches colours on where `isWanted`, unless the user has asked for none. */
export function setColours(isWanted: boolean): void {
  isEnabled = isWanted && !Deno.noColor;
}

/** Bold text. */
export function bold(text: string): string {
  return style("bold", text);
}

/** Text in cyan, for names. */
export function cyan(text: string): string {
  return style("cyan", text);
}

/** Faint text. */
export function dim(text: string): string {
  return style("dim", text);
}

/** Text in red, for errors. */
export function red(text: string): string {
  return style("red", text);
}

function style(style: Style, text: string): string {
  return isEnabled ? styleText(style, text, { validateStream: false }) : text;
}
