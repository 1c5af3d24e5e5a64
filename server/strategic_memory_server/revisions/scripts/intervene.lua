-- Writes what an operator says about the advice: the next entry of the stream of that. Any server may do it.
-- keys: interventions state
-- arguments: expected_number number intervention by what reason frozen_epoch frozen_revision asked_ms
-- `expected_number`: of what was said last, as the caller has read it. `intervention`: what holds from now on, as JSON.
-- `by`, `what` and `reason` are for people. `frozen_epoch`, `frozen_revision`: what is held; '' for nothing. `asked_ms`: when
-- this was sent, milliseconds since 1970 by the clock of Redis as the caller knows it.
-- Returns {'written'}, {'conflict'} when something else was said meanwhile, {'moved'} when what is to be held is not in
-- force any more, or {'late', time} with the time of Redis when it stood still on its way. Whoever said it has been told
-- long ago that it is not known, and may have seen since that it does not hold: then it must not come to hold any more.
--
-- The stream takes no number twice. It can have been deleted: then the state still tells the newest number that was acted
-- upon, and the numbers go on above it. The caller may know of a higher one that Redis has lost altogether. Where another
-- program has used a number that leaves no room, it is begun anew.
local HIGHEST_NUMBER = 999999999999999
local LATE_MS = 30000
local held, refused = held_in(keys.interventions)
if refused then
  return refused
end
local state
state, refused = try('hash', 'HMGET', keys.state, 'intervention', 'epoch', 'revision', 'withdrawn')
if refused then
  return refused
end
local known = string.match(state[1] or '', '^%d+') or '0'
local is_exhausted = tonumber(held.last) >= HIGHEST_NUMBER
local newest = math.max(is_exhausted and 0 or tonumber(held.last), tonumber(known))
if newest > tonumber(args.expected_number) then
  return {'conflict'}
end
if args.frozen_epoch ~= ''
  and (state[2] ~= args.frozen_epoch or state[3] ~= args.frozen_revision or state[4] == '1') then
  return {'moved'}
end
local time = redis.pcall('TIME')
local now_ms = not time.err and tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
-- Ahead by as much it is no less in doubt.
if now_ms and math.abs(now_ms - tonumber(args.asked_ms)) > LATE_MS then
  return {'late', string.format('%.0f', now_ms)}
end
if is_exhausted then
  redis.call('DEL', keys.interventions)
end
local added = redis.pcall('XADD', keys.interventions, 'MAXLEN', '=', 100, args.number .. '-0',
  'intervention', args.intervention, 'by', args.by, 'what', args.what, 'reason', args.reason)
if type(added) == 'table' and added.err then
  return added
end
return {'written'}
