export declare function bold(text: string): string;
export declare function cyan(text: string): string;
export declare function dim(text: string): string;
export declare function green(text: string): string;
export declare function red(text: string): string;
export declare function setColorEnabled(value: boolean): void;
