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

-- Tells whether a field of the state is a revision; somebody else may have written to it.
local function is_revision(text)
  return text and string.match(text, '^%d+$') and tonumber(text) <= HIGHEST_REVISION
end

-- Gives a time of the state, in milliseconds since 1970, '' where it is none of the years 1 to 9999.
local function readable_time(text)
  local time_ms = text and string.match(text, '^-?%d+$') and tonumber(text)
  return time_ms and time_ms >= -62135596800000 and time_ms <= 253402300799999 and text or ''
end

-- Gives the revision that the log has come to ('0' for an empty log): that of the last id it has ever held, since
-- Redis takes only higher ones, also after that entry was deleted.
local function last_revision(log)
  if redis.call('EXISTS', log) == 0 then
    return '0'
  end
  local info = redis.call('XINFO', 'STREAM', log)
  for index = 1, #info, 2 do
    if info[index] == 'last-generated-id' then
      return string.match(info[index + 1], '^(%d+)-')
    end
  end
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
