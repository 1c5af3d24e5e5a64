-- Goes before each of the other scripts, after the names that their header gives to keys and arguments.

-- The error for a key that holds another type than this service keeps there.
local function wrong_type(key, wanted)
  return redis.error_reply('WRONGTYPE ' .. key .. ' holds a ' .. redis.call('TYPE', key)['ok']
    .. ' where this service keeps a ' .. wanted .. ': rename or delete it')
end

-- Refuses a key that holds another type. A script is not rolled back when a command in it fails, so what it writes to is
-- looked at before anything is written.
local function must_be(key, wanted)
  local kind = redis.call('TYPE', key)['ok']
  if kind ~= 'none' and kind ~= wanted then
    return wrong_type(key, wanted)
  end
end

-- Runs a command on a key, which shows its type on the way; gives the reply, or nothing and why it was refused.
local function try(wanted, command, key, ...)
  local reply = redis.pcall(command, key, ...)
  if type(reply) ~= 'table' or not reply.err then
    return reply
  end
  return nil, string.find(reply.err, 'WRONGTYPE', 1, true) and wrong_type(key, wanted) or reply
end

-- Adds to the pulse, and gives why that was refused. Another program may have used the highest id that there is, above which
-- the stream takes none: it is begun anew then.
local function beat(pulse, ...)
  local added, refused = try('stream', 'XADD', pulse, 'MAXLEN', '=', 8, '*', ...)
  if refused and (string.find(refused.err, 'exhausted', 1, true) or string.find(refused.err, 'equal or smaller', 1, true)) then
    redis.call('DEL', pulse)
    added, refused = try('stream', 'XADD', pulse, 'MAXLEN', '=', 8, '*', ...)
  end
  return refused
end

-- Highest revision that is still counted exactly here and leaves room for the next one.
local HIGHEST_REVISION = 9007199254740990

-- Highest revision that the log goes on from once it is opened. Nobody has come there by counting, so a higher one is another
-- program's; and what is said from there on never comes to the highest one.
local HIGHEST_OPENED = 4503599627370496

-- The longest lease that the settings allow, milliseconds.
local LONGEST_LEASE_MS = 3600000

-- Tells whether a field of the state is a revision, as it is written here; somebody else may have written to it.
local function is_revision(text)
  return text and string.match(text, '^%d+$') and tonumber(text) <= HIGHEST_REVISION
    and string.format('%.0f', tonumber(text)) == text
end

-- Tells whether the log can go on from that revision once it is opened.
local function leaves_room(text)
  return is_revision(text) and tonumber(text) <= HIGHEST_OPENED
end

-- Gives a time of the state, in milliseconds since 1970, '' where it is none of the years 1 to 9999.
local function readable_time(text)
  local time_ms = text and string.match(text, '^-?%d+$') and tonumber(text)
  return time_ms and time_ms >= -62135596800000 and time_ms <= 253402300799999 and text or ''
end

-- The longest validity that the settings allow, milliseconds: three intervals of a day.
local LONGEST_VALIDITY_MS = 259200000

-- Gives the end of the validity that the state tells, '' where it is none that this service has written.
local function readable_end(valid_until, computed_at)
  local ends, begins = tonumber(readable_time(valid_until)), tonumber(readable_time(computed_at))
  return ends and begins and ends - begins <= LONGEST_VALIDITY_MS and valid_until or ''
end

-- Gives a value of a reply that is a flat list of names and values.
local function value_of(reply, name)
  for index = 1, #reply, 2 do
    if reply[index] == name then
      return reply[index + 1]
    end
  end
end

-- Gives what the log holds: how many entries; revision and second part of the last id it has ever held ('0' for an empty
-- log), since Redis takes only higher ones, also after that entry was deleted, and the second part is 0 for every entry of
-- this service; revision of the oldest entry; id and document of the newest one. Or nothing and why that cannot be known.
local function held_in(log)
  local info = redis.pcall('XINFO', 'STREAM', log)
  if info.err then
    if string.find(info.err, 'no such key', 1, true) then
      return {length = 0, last = '0', part = '0'}
    end
    return nil, string.find(info.err, 'WRONGTYPE', 1, true) and wrong_type(log, 'stream') or info
  end
  local last, part = string.match(value_of(info, 'last-generated-id'), '^(%d+)-(%d+)')
  local oldest, newest = value_of(info, 'first-entry'), value_of(info, 'last-entry')
  return {length = value_of(info, 'length'), last = last, part = part,
    oldest = oldest and string.match(oldest[1], '^(%d+)-'),
    newest = newest and newest[1], document = newest and value_of(newest[2], 'feedback') or ''}
end

-- Tells whether the newest entry of the log is not the one that the publisher has written or read there: another program
-- has added, deleted or replaced entries. `head` is the digest of its document; '': it is not known, nothing is compared.
local function head_differs(held, revision, head)
  if head == '' then
    return false
  end
  if held.last ~= revision or held.part ~= '0' or held.newest ~= revision .. '-0' then
    return true
  end
  return redis.sha1hex(held.document) ~= head
end

-- Tells whether the log was opened again since the opening that a request rests on ('': it is not known). A publisher that does
-- not know what became of a request opens the log before it goes on: what arrives after that was overtaken.
local function was_opened_since(opening, known)
  return known ~= '' and opening ~= known
end

-- Gives a revision, or where an epoch begins that began after it.
local function within_epoch(revision, start)
  return tonumber(revision) < tonumber(start) and start or revision
end

-- Gives the oldest retained revision of an epoch that has begun with revision `start`; '0' for an empty log.
local function oldest_revision(log, start)
  local entries = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)
  if not entries[1] then
    return '0'
  end
  return within_epoch(string.match(entries[1][1], '^(%d+)-'), start)
end

-- Gives the id of the Redis process that runs this script, '' where the user may not know it. It is another one after
-- a restart or a failover.
local function run_id()
  local info = redis.pcall('INFO', 'server')
  return type(info) == 'string' and string.match(info, 'run_id:(%w+)') or ''
end

-- Tells whether a claim may not write: the lease is not held under it any more, or somebody with a newer fencing token
-- (`written`, as the state says) has written since. Gives the reply for the publisher then.
local function deposed(lease, claim, written)
  local holder, refused = try('string', 'GET', lease)
  if refused and not string.find(refused.err, 'WRONGTYPE', 1, true) then
    return refused
  end
  if holder ~= claim or (is_revision(written) and tonumber(written) > tonumber(string.match(claim, '^%d+'))) then
    return {'deposed', holder or ''}
  end
end

-- Tells whether the long memory is not where a publisher believes it to be: another server has written it down since, or
-- Redis has lost it. Gives the reply for the publisher then, also where the ids of trades may not be written (any more):
-- nothing is written then. Adding nothing to the newest id that should be there tells all of that of the ids.
--
-- The note of the publisher: `has_note` ('' for none, then the others are '' too), where the memory is believed to stand,
-- the newest id that is believed to be there ('' for none), what is believed to be explored and what will be ('' for
-- nothing), where the memory stands afterwards, the sums as JSON, duplicates so far, trades with an id so far, how many ids
-- to remember, '1' where there will be more of them. Then comes for each new id its number and the id.
-- note: has_note stands_at newest_id exploration_was exploration read_up_to sums duplicates numbered horizon is_full
local function memory_moved(keys, note)
  if note.has_note == '' then
    return nil
  end
  local stands, refused = try('hash', 'HMGET', keys.evidence, 'read_up_to', 'trials', 'exploration')
  if refused then
    return refused
  end
  local known
  known, refused = try('zset', 'ZADD', keys.trade_ids, 'XX', 'INCR', '0', note.newest_id)
  if refused then
    return refused
  end
  if note.is_full == '1' then
    redis.call('ZREMRANGEBYRANK', keys.trade_ids, 1, 0)
  end
  -- What is no id is nowhere, as for whoever reads it.
  local stands_at = stands[1] and string.match(stands[1], '^%d+%-%d+$') or '0-0'
  if stands_at ~= note.stands_at or (stands[2] or stands[3] or '') ~= note.exploration_was
    or (note.newest_id ~= '' and not known) then
    return {'memory moved'}
  end
end

-- Writes the long memory down as the publisher's note says, see `memory_moved`.
local function remember(keys, note, ids)
  if note.has_note == '' then
    return
  end
  local fields = {'read_up_to', note.read_up_to, 'sums', note.sums, 'duplicates', note.duplicates,
    'numbered', note.numbered}
  if note.exploration ~= note.exploration_was then
    if note.exploration == '' then
      redis.call('HDEL', keys.evidence, 'trials', 'exploration')
    else
      fields[9], fields[10] = 'trials', note.exploration
    end
  end
  redis.call('HSET', keys.evidence, unpack(fields))
  if ids[1] == '1' then
    -- A memory that was begun anew counts from 1. Ids from before have higher numbers, and would push the new ones out.
    redis.call('DEL', keys.trade_ids)
  end
  -- Some hundred at once, which takes less time than one by one; Lua has no room for all of them.
  for first = 1, #ids, 1000 do
    redis.call('ZADD', keys.trade_ids, unpack(ids, first, math.min(first + 999, #ids)))
  end
  if note.is_full == '1' then
    redis.call('ZREMRANGEBYRANK', keys.trade_ids, 0, -1 - tonumber(note.horizon))
  end
end
