/**
 * Lua for what the server has no command for. Each takes one key, and is one atomic step as every
 * script is.
 *
 * A use sends the SHA-1 (`EVALSHA`), and the first one on a connection has the server load the text
 * (`SCRIPT LOAD`) right before it, in the same write: so no use waits for a load, and calls keep
 * their order. What came by `EVAL` alone a server forgets once it has seen some 500 others; what
 * it was told to load it keeps. A test holds each SHA-1 against its text.
 */

/** A script and its SHA-1, by which the server knows it. */
export interface Script {
  readonly text: string;
  readonly sha1: string;
}

/** Removes a string; leaves anything else. Answers how many were removed. */
export const REMOVE: Script = {
  text: `if redis.call('TYPE', KEYS[1]).ok ~= 'string' then return 0 end
return redis.call('DEL', KEYS[1])`,
  sha1: "5307965a87f40b79bd02994502022e625de54f74",
};

/** Removes a string that is `ARGV[1]`. */
export const REMOVE_IF_EQUAL: Script = {
  text: `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`,
  sha1: "708b61c8defb6a8962235c40975ef70c7ff1a0e0",
};

/** Replaces a string that is `ARGV[1]` by `ARGV[2]`, without an expiry. */
export const PUT_IF_EQUAL: Script = {
  text: `if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1`,
  sha1: "b097e6df6348156cb1aa4db4a160a4d38272d9e9",
};

/**
 * Adds `ARGV[1]` to a number, and takes it back where the old or the new one is outside
 * ±(2^53 − 1). `INCRBY` and `DECRBY` are exact; Lua's doubles are within the bounds, and outside
 * them they only have to be outside.
 */
export const INCREMENT: Script = {
  text: `local max, by = 9007199254740991, tonumber(ARGV[1])
local sum = redis.call('INCRBY', KEYS[1], ARGV[1])
local old = sum - by
if sum >= -max and sum <= max and old >= -max and old <= max then return sum end
redis.call('DECRBY', KEYS[1], ARGV[1])
return redis.error_reply('RANGE the value or the sum is out of range')`,
  sha1: "f7db11b7cb89b9f54dea81c3d3133a55e1cadd06",
};

/** Answers type, length and remaining milliseconds; null where there is no such key. */
export const INSPECT: Script = {
  text: `local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' then return false end
local length = 0
if kind == 'string' then length = redis.call('STRLEN', KEYS[1]) end
if kind == 'list' then length = redis.call('LLEN', KEYS[1]) end
return { kind, length, redis.call('PTTL', KEYS[1]) }`,
  sha1: "f294339ec6363b656eff76f988a8ab76f82fd882",
};
