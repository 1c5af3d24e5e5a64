-- Tells what the user may not do of what the service needs, and writes nothing: each command is called with arguments
-- under which it changes nothing or is refused, once its permission has been checked.
-- ARGV: 1 state, 2 log, 3 feedback, 4 pulse, 5 lease, 6 fencing token, 7 settings of a server that stands back,
-- 8 evidence, 9 ids of trades: names of keys. They are no KEYS, since a user without permission for one of them may not call a script with it at all.
-- Returns the missing permissions, as they stand in the rules of a user.
local state, log, feedback, pulse, lease, token, others, evidence, trade_ids = unpack(ARGV)
local missing, seen = {}, {}

local function add(rule)
  if not seen[rule] then
    seen[rule] = true
    missing[#missing + 1] = rule
  end
end

-- Redis 6.2, 7 and Valkey each have words of their own.
local function says(refused, ...)
  for _, words in ipairs({...}) do
    if string.find(refused, words, 1, true) then
      return true
    end
  end
end

local function try(key, ...)
  local command = {...}
  local reply = redis.pcall(...)
  local refused = type(reply) == 'table' and reply.err or ''
  if says(refused, "can't run this command", 'permissions to run') then
    add('+' .. string.lower(command[1]))
  elseif key and says(refused, 'access at least one of the keys', 'permissions to access a key') then
    add('~' .. key)
  end
end

local function try_writing(key, kind)
  try(key, 'TYPE', key)
  if kind == 'string' then
    try(key, 'SET', key, '', 'PX', 'none')
  elseif kind == 'hash' then
    try(key, 'HMGET', key, '')
    try(key, 'HSET', key, 'none', 'none', 'none')
    try(key, 'HDEL', key, '')
  elseif kind == 'stream' then
    try(key, 'XREVRANGE', key, '+', '-', 'COUNT', '1')
    try(key, 'XREAD', 'COUNT', '1', 'STREAMS', key, '$')
    try(key, 'XADD', key, 'MAXLEN', '=', 'none', '*', 'none', 'none')
  end
end

try_writing(state, 'hash')
try(state, 'HGET', state, '')
try_writing(log, 'stream')
try(log, 'EXISTS', log)
try(log, 'XINFO', 'STREAM', log)
try(log, 'XRANGE', log, '-', '+', 'COUNT', '1')
try_writing(feedback, 'string')
try(feedback, 'GETRANGE', feedback, '0', '0')
try_writing(pulse, 'stream')
try_writing(lease, 'string')
try(lease, 'GET', lease)
try(lease, 'PTTL', lease)
try(lease, 'PEXPIRE', lease, 'none')
try_writing(token, 'string')
try_writing(others, 'string')
try_writing(evidence, 'hash')
try_writing(trade_ids)
try(trade_ids, 'ZREVRANGE', trade_ids, '0', '0')
try(trade_ids, 'ZADD', trade_ids, 'XX', '0', '')
try(trade_ids, 'ZREMRANGEBYRANK', trade_ids, '1', '0')
-- There is no DEL that deletes nothing, so that command is tried on a key that is not there and need not be permitted.
try(nil, 'DEL', feedback .. ':dry_run')
return missing
