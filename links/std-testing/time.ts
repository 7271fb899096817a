// @ts-types="@types/sinonjs__fake-timers"
import { install, type InstalledClock } from "@sinonjs/fake-timers";

export class FakeTime {
  readonly #clock: InstalledClock;

  constructor(start: number) {
    this.#clock = install({ now: start });
  }

  tick(ms: number): void {
    this.#clock.tick(ms);
  }

  restore(): void {
    this.#clock.uninstall();
  }

  [Symbol.dispose](): void {
    this.restore();
  }
}
