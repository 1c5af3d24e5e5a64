-- Tells what the user may not do of what the service needs, and writes nothing: each command is called with arguments
-- under which it changes nothing or is refused, once its permission has been checked.
-- arguments: state log feedback pulse lease fencing_token other_settings interventions evidence trade_ids
-- as a function it runs while Redis is full, too
-- These are names of keys. They are no keys of the script, since a user without permission for one of them may not call a
-- script with it at all.
-- Returns the missing permissions, as they stand in the rules of a user, and 'unknown command <name>' for what this Redis
-- does not know: its configuration may have renamed it.
local state, log, feedback, pulse, lease = args.state, args.log, args.feedback, args.pulse, args.lease
local trade_ids = args.trade_ids
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

local function attempt(key, ...)
  local command = {...}
  local reply = redis.pcall(...)
  local refused = type(reply) == 'table' and reply.err or ''
  if says(refused, "can't run this command", 'permissions to run') then
    add('+' .. string.lower(command[1] == 'XINFO' and 'xinfo|stream' or command[1]))
  elseif says(refused, 'Unknown Redis command called', 'Unknown command called') then
    add('unknown command ' .. command[1])
  elseif key and says(refused, 'access at least one of the keys', 'permissions to access a key') then
    add('~' .. key)
  end
end

local function try_writing(key, kind)
  attempt(key, 'TYPE', key)
  if kind == 'string' then
    attempt(key, 'SET', key, '', 'PX', 'none')
  elseif kind == 'hash' then
    attempt(key, 'HMGET', key, '')
    attempt(key, 'HSET', key, 'none', 'none', 'none')
    attempt(key, 'HDEL', key, '')
  elseif kind == 'stream' then
    attempt(key, 'XREVRANGE', key, '+', '-', 'COUNT', '1')
    attempt(key, 'XREAD', 'COUNT', '1', 'STREAMS', key, '$')
    attempt(key, 'XADD', key, 'MAXLEN', '=', 'none', '*', 'none', 'none')
  end
end

try_writing(state, 'hash')
attempt(state, 'HGET', state, '')
try_writing(log, 'stream')
attempt(log, 'EXISTS', log)
attempt(log, 'XINFO', 'STREAM', log)
attempt(log, 'XRANGE', log, '-', '+', 'COUNT', '1')
try_writing(feedback, 'string')
attempt(feedback, 'GETRANGE', feedback, '0', '0')
try_writing(pulse, 'stream')
try_writing(lease, 'string')
attempt(lease, 'GET', lease)
attempt(lease, 'PTTL', lease)
attempt(lease, 'PEXPIRE', lease, 'none')
try_writing(args.fencing_token, 'string')
try_writing(args.other_settings, 'string')
try_writing(args.interventions, 'stream')
try_writing(args.evidence, 'hash')
try_writing(trade_ids)
attempt(trade_ids, 'ZREVRANGE', trade_ids, '0', '0')
attempt(trade_ids, 'ZADD', trade_ids, 'XX', '0', '')
attempt(trade_ids, 'ZREMRANGEBYRANK', trade_ids, '1', '0')
-- There is no DEL that deletes nothing, so that command is tried on a key that is not there and need not be permitted.
attempt(nil, 'DEL', feedback .. ':dry_run')
-- By its own clock a server would tell others how long the advice holds.
attempt(nil, 'TIME')
return missing
