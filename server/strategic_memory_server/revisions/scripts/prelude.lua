-- Goes before each of the other scripts.

-- Refuses a key that holds another type than this service keeps there. A script is not rolled back when a command in
-- it fails, so the types are checked before anything is written.
local function must_be(key, wanted)
  local kind = redis.call('TYPE', key)['ok']
  if kind ~= 'none' and kind ~= wanted then
    return redis.error_reply('WRONGTYPE ' .. key .. ' holds a ' .. kind .. ' where this service keeps a ' .. wanted
      .. ': rename or delete it')
  end
end

-- Highest revision that is still counted exactly here and leaves room for the next one.
local HIGHEST_REVISION = 9007199254740990

-- The longest lease that the settings allow, milliseconds.
local LONGEST_LEASE_MS = 3600000

-- Tells whether a field of the state is a revision; somebody else may have written to it.
local function is_revision(text)
  return text and string.match(text, '^%d+$') and tonumber(text) <= HIGHEST_REVISION
end

-- Gives a time of the state, in milliseconds since 1970, '' where it is none of the years 1 to 9999.
local function readable_time(text)
  local time_ms = text and string.match(text, '^-?%d+$') and tonumber(text)
  return time_ms and time_ms >= -62135596800000 and time_ms <= 253402300799999 and text or ''
end

-- The longest validity that the settings allow, milliseconds.
local LONGEST_VALIDITY_MS = 86400000

-- Gives the end of the validity that the state tells, '' where it is none that this service has written.
local function readable_end(valid_until, computed_at)
  local ends, begins = tonumber(readable_time(valid_until)), tonumber(readable_time(computed_at))
  return ends and not (begins and ends - begins > LONGEST_VALIDITY_MS) and valid_until or ''
end

-- Gives a value of a reply that is a flat list of names and values.
local function value_of(reply, name)
  for index = 1, #reply, 2 do
    if reply[index] == name then
      return reply[index + 1]
    end
  end
end

-- Gives the revision that the log has come to ('0' for an empty log): that of the last id it has ever held, since
-- Redis takes only higher ones, also after that entry was deleted. The second part of that id is given too: it is 0 for
-- every entry of this service.
local function last_revision(log)
  if redis.call('EXISTS', log) == 0 then
    return '0', '0'
  end
  return string.match(value_of(redis.call('XINFO', 'STREAM', log), 'last-generated-id'), '^(%d+)-(%d+)')
end

-- Tells whether the newest entry of the log is not the one that the publisher has written or read there: another program
-- has added, deleted or replaced entries. `head` is the digest of its document; '': it is not known, nothing is compared.
local function head_differs(log, revision, head)
  if head == '' then
    return false
  end
  local id = revision .. '-0'
  local info = redis.call('EXISTS', log) == 1 and redis.call('XINFO', 'STREAM', log) or {}
  local entry = value_of(info, 'last-entry')
  if value_of(info, 'last-generated-id') ~= id or not entry or entry[1] ~= id then
    return true
  end
  return redis.sha1hex(value_of(entry[2], 'feedback') or '') ~= head
end

-- Gives the oldest retained revision of an epoch that has begun with revision `start`; '0' for an empty log.
local function oldest_revision(log, start)
  local entries = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)
  if not entries[1] then
    return '0'
  end
  local oldest = string.match(entries[1][1], '^(%d+)-')
  return tonumber(oldest) < tonumber(start) and start or oldest
end

-- Gives the id of the Redis process that runs this script, '' where the user may not know it. It is another one after
-- a restart or a failover.
local function run_id()
  local info = redis.pcall('INFO', 'server')
  return type(info) == 'string' and string.match(info, 'run_id:(%w+)') or ''
end

-- Tells whether a claim may not write: the lease is not held under it any more, or somebody with a newer fencing token
-- has written since. Gives the reply for the publisher then.
local function deposed(lease, claim, state)
  local kind = redis.call('TYPE', lease)['ok']
  local holder = kind == 'string' and redis.call('GET', lease) or ''
  local written = redis.call('HGET', state, 'fencing_token')
  if holder ~= claim or (is_revision(written) and tonumber(written) > tonumber(string.match(claim, '^%d+'))) then
    return {'deposed', holder}
  end
end

-- Tells whether the long memory is not where a publisher believes it to be: another server has written it down since, or
-- Redis has lost it. The publisher's note begins at ARGV[at]: where the memory is believed to stand, what is believed to
-- be explored and what will be ('' for nothing), where the memory stands afterwards, the sums as JSON, duplicates so far,
-- trades with an id so far, how many ids to remember, and then for each new id its number and the id. There is no note
-- where ARGV[at] is missing. Raises an error where the ids may not be written (any more): nothing is written then.
local function memory_moved(evidence, trade_ids, at)
  if not ARGV[at] then
    return false
  end
  redis.call('ZADD', trade_ids, 'XX', '0', '')
  redis.call('ZREMRANGEBYRANK', trade_ids, 1, 0)
  local stands = redis.call('HMGET', evidence, 'read_up_to', 'exploration')
  return (stands[1] or '0-0') ~= ARGV[at] or (stands[2] or '') ~= ARGV[at + 1]
end

-- Writes the long memory down as the publisher's note says, see `memory_moved`.
local function remember(evidence, trade_ids, at)
  if not ARGV[at] then
    return
  end
  if ARGV[at + 2] ~= ARGV[at + 1] then
    if ARGV[at + 2] == '' then
      redis.call('HDEL', evidence, 'exploration')
    else
      redis.call('HSET', evidence, 'exploration', ARGV[at + 2])
    end
  end
  redis.call('HSET', evidence, 'read_up_to', ARGV[at + 3], 'sums', ARGV[at + 4], 'duplicates', ARGV[at + 5],
    'numbered', ARGV[at + 6])
  if ARGV[at + 8] == '1' then
    -- A memory that was begun anew counts from 1. Ids from before have higher numbers, and would push the new ones out.
    redis.call('DEL', trade_ids)
  end
  -- Some hundred at once, which takes less time than one by one; Lua has no room for all of them.
  for first = at + 8, #ARGV, 1000 do
    redis.call('ZADD', trade_ids, unpack(ARGV, first, math.min(first + 999, #ARGV)))
  end
  redis.call('ZREMRANGEBYRANK', trade_ids, 0, -1 - tonumber(ARGV[at + 7]))
end
