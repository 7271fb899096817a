/** A disk in memory whose syncs wait while they are held: so a test decides when they are done. */

import type { Storage } from "../../backends/file/storage.ts";
import { CrashStorage } from "./crash_storage.ts";

/** A disk whose syncs can be held. */
export class HeldStorage extends CrashStorage implements Storage {
  /** Those who wait for a sync. */
  readonly waiting: (() => void)[] = [];
  isHeld = false;

  override async sync(): Promise<void> {
    if (this.isHeld) await new Promise<void>((resolve) => this.waiting.push(resolve));
    await super.sync();
  }

  /** Lets all syncs go, and those to come. */
  release(): void {
    this.isHeld = false;
    for (const go of this.waiting.splice(0)) go();
  }
}
