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

-- Gives the revision of a log entry ('+': the newest, '-': the oldest), '0' for an empty log.
local function revision_at(log, where)
  local entries
  if where == '+' then
    entries = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)
  else
    entries = redis.call('XRANGE', log, '-', '+', 'COUNT', 1)
  end
  return entries[1] and string.match(entries[1][1], '^(%d+)-') or '0'
end
