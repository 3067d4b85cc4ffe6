-- What wrk sends, and what it counts: `wrk -s wrk.lua URL -- BODY_FILE CALLS`. One thread, so that one counter holds all.
-- An answer other than an allow must not pass as a fast one. OPA writes JSON without spaces.
local ALLOW = '"effect":"ALLOW"'
local thread

-- wrk knows only a duration: its main thread sleeps so long, whatever its worker does, unless it is interrupted.
local ffi = require("ffi")
ffi.cdef("int getpid(void); int kill(int pid, int signal);")
local SIGINT = 2

function setup(one)
  thread = one
end

function init(args)
  local file = assert(io.open(args[1], "rb"))
  wrk.method = "POST"
  wrk.body = file:read("*a")
  wrk.headers["Content-Type"] = "application/json"
  -- OPA compresses long answers where it is not told otherwise.
  wrk.headers["Accept-Encoding"] = "identity"
  file:close()
  wanted, answered, refused = tonumber(args[2]), 0, 0
end

function response(status, headers, body)
  answered = answered + 1
  if status ~= 200 or not body:find(ALLOW, 1, true) then
    refused = refused + 1
  end
  if answered == wanted then
    wrk.thread:stop()
    ffi.C.kill(ffi.C.getpid(), SIGINT)
  end
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\n{"calls": %d, "refused": %d, "errors": %d, "seconds": %.6f, "p50": %.4f, "p90": %.4f, "p99": %.4f}\n',
    thread:get("answered"), thread:get("refused"), errors.connect + errors.read + errors.write + errors.timeout,
    summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(90) / 1e3, latency:percentile(99) / 1e3
  ))
end
