import type { Turns } from "../../internal/turns.ts";
import type { FileParts } from "./file_parts.ts";
export async function checkFile(_parts: FileParts, _turns: Turns): Promise<string[]> { return await Promise.resolve([]); }
