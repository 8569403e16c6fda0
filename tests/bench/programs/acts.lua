-- For wrk: the contracts named in a file are delivered one after another, then recalled, and so on.
-- wrk ... -- FILE ; each line of the file: contract id, space, access token

local lines, turn, at, sent = {}, "deliver", 0, 0

function init(args)
  for line in io.lines(args[1]) do
    local id, token = line:match("^(%S+) (%S+)$")
    table.insert(lines, { path = "/v1/contracts/" .. id .. "/milestones/1/", token = token })
  end
  math.randomseed(os.time())
  run = tostring(math.random(1000000000))
end

function request()
  at = at + 1
  if at > #lines then
    at = 1
    turn = (turn == "deliver") and "recall" or "deliver"
  end
  sent = sent + 1
  local line = lines[at]
  local body = (turn == "deliver")
    and '{"note": "The files are in the folder, as we agreed.", "links": ["https://example.com/logo"]}'
    or "{}"
  return wrk.format("POST", line.path .. turn, {
    ["Authorization"] = "Bearer " .. line.token,
    ["Content-Type"] = "application/json",
    ["Idempotency-Key"] = run .. "-" .. sent,
  }, body)
end

function done(summary, latency, requests)
  io.write(string.format(
    '{"requests": %d, "seconds": %.6f, "refused": %d, "broken": %d, "p50_ms": %.3f, "p99_ms": %.3f}\n',
    summary.requests, summary.duration / 1e6, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
