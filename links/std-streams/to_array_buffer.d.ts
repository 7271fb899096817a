export declare function toArrayBuffer(stream: ReadableStream<Uint8Array>): Promise<ArrayBuffer>;
