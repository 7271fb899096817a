export declare function format(bytes: number, options?: { binary?: boolean }): string;
