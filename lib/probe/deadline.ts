/** The time that a probe has: steps of it, and the end of all. */
export class Deadline {
  readonly #controllers = new Set<AbortController>();
  readonly #timer: NodeJS.Timeout;
  #passed = false;
  #announce: () => void = () => undefined;
  /** Resolves when the time is over. */
  readonly over: Promise<void>;

  /** @param totalMs time until the end, in milliseconds */
  constructor(totalMs: number) {
    this.over = new Promise((resolve) => (this.#announce = resolve));
    this.#timer = setTimeout(() => this.end(), Math.max(1, totalMs));
  }

  /** True from the end on. */
  get passed(): boolean {
    return this.#passed;
  }

  /** Returns a signal that aborts after `timeoutMs`, or at the end if that comes first. */
  step(timeoutMs: number): AbortSignal {
    const controller = new AbortController();
    if (this.#passed) {
      controller.abort();
      return controller.signal;
    }
    const timer = setTimeout(() => controller.abort(), timeoutMs);
    timer.unref();
    controller.signal.addEventListener('abort', () => {
      clearTimeout(timer);
      this.#controllers.delete(controller);
    });
    this.#controllers.add(controller);
    return controller.signal;
  }

  /** Aborts what still runs. */
  end(): void {
    clearTimeout(this.#timer);
    this.#passed = true;
    for (const controller of [...this.#controllers]) controller.abort();
    this.#announce();
  }
}
