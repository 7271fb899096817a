/**
 * A socket without a network, whose other end is a function: what a test of bounds needs, where
 * every byte that the client hands over is counted.
 */

import type { ConnectSocket, SocketHandlers } from "../../backends/valkey/socket.ts";
import { Decoder, type Reply } from "../../resp3/mod.ts";
import { concat, encodeText } from "./resp_writer.ts";
import { helloReply } from "./scripted_server.ts";

const REST_MS = 5;

/** The other end. */
export interface MemoryServer {
  readonly connect: ConnectSocket;
  /** Bytes that were handed over and not reported written: now, and at most so far. */
  readonly unwrittenBytes: number;
  readonly unwrittenBytesMax: number;
  /** Commands that were read and not answered, at most so far. */
  readonly unansweredMax: number;
  /** Sockets that are open, and attempts to open one. */
  readonly openCount: number;
  readonly attemptCount: number;
  /** Whether somebody listens. */
  isUp: boolean;
  /** Whether it reads what is written; greetings are always read. */
  isReading: boolean;
  /** Whether it takes one write at a time, and rests before the next. */
  isSlow: boolean;
  /** Called once a greeting is answered. */
  onGreeted: (hangUp: () => void) => void;
}

/** Makes a server that answers each command as `answer` says. */
export function memoryServer(answer: (command: readonly string[]) => string): MemoryServer {
  const server = {
    isReading: true,
    isSlow: false,
    unwrittenBytes: 0,
    unwrittenBytesMax: 0,
    unansweredMax: 0,
    openCount: 0,
    attemptCount: 0,
    isUp: true,
    onGreeted: (_hangUp: () => void): void => {},
    connect: (_target: unknown, handlers: SocketHandlers) => {
      server.attemptCount++;
      if (!server.isUp) return Promise.reject(new Error("nobody listens"));
      server.openCount++;
      return Promise.resolve(open(handlers));
    },
  };

  function open(handlers: SocketHandlers): { write(bytes: Uint8Array): void; close(): void } {
    const decoder = new Decoder();
    let isGreeted = false, isOpen = true, isAwake = false;
    const unread: Uint8Array[] = [];

    function serve(): void {
      isAwake = false;
      if (!isOpen || (isGreeted && !server.isReading)) return;
      const answers: Uint8Array[] = [];
      const wasGreeted = isGreeted;
      for (const bytes of unread.splice(0, server.isSlow ? 1 : unread.length)) {
        decoder.push(bytes);
        for (let reply = decoder.next(); reply !== undefined; reply = decoder.next()) {
          answers.push(encodeText(greet(reply as string[]) ?? answer(reply as string[])));
        }
        server.unwrittenBytes -= bytes.length;
        handlers.onWritten();
      }
      if (unread.length > 0) wake();
      server.unansweredMax = Math.max(server.unansweredMax, answers.length);
      const chunk = concat(answers);
      if (isOpen && chunk.length > 0) handlers.onData(chunk);
      if (isGreeted && !wasGreeted) server.onGreeted(close);
    }

    function wake(): void {
      if (!isAwake) setTimeout(serve, server.isSlow ? REST_MS : 0);
      isAwake = true;
    }

    function greet([name]: readonly Reply[]): string | undefined {
      if (name === "PING") isGreeted = true;
      return name === "HELLO" ? helloReply(1) : name === "PING" ? "+PONG\r\n" : undefined;
    }

    function close(): void {
      if (!isOpen) return;
      isOpen = false;
      server.openCount--;
      handlers.onClosed(undefined);
    }

    return {
      write(bytes): void {
        unread.push(bytes);
        server.unwrittenBytes += bytes.length;
        server.unwrittenBytesMax = Math.max(server.unwrittenBytesMax, server.unwrittenBytes);
        wake();
      },
      close,
    };
  }
  return server;
}
