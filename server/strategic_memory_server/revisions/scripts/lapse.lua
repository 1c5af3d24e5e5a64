-- Puts the safe values into the key of a feedback whose validity has passed. Any server may do it, whether or not it
-- syncs: it says nothing new, and it does so only while the state still names that feedback and its validity. Its clock
-- may be ahead, so that of Redis has to agree: the key was given twice the validity to live when it was last confirmed.
-- keys: state feedback
-- arguments: epoch revision valid_until_ms document looked_ms
-- as a function it runs while Redis is full, too
-- `document`: the feedback as JSON with the safe values, for the key, which may hold any type.
-- `looked_ms`: when the caps that it is under were looked at. One that stood still on its way must not take the place of
-- one under a lower cap.
-- Returns 1 when it was written, 2 when the validity has not passed yet by the clock of Redis or the key says what was looked
-- at later, else 0. A Redis that is full takes no safe values: the key goes then, which says the same.
local refused = must_be(keys.state, 'hash')
if refused then
  return refused
end
local state = redis.call('HMGET', keys.state, 'epoch', 'revision', 'valid_until_ms', 'withdrawn', 'computed_at_ms',
  'lapse_looked_ms')
if state[1] ~= args.epoch or state[2] ~= args.revision or state[3] ~= args.valid_until_ms or state[4] == '1' then
  return 0
end
local valid_until, computed_at = tonumber(state[3]), tonumber(state[5])
local validity = valid_until and computed_at and valid_until - computed_at
local left = redis.call('PTTL', keys.feedback)
-- More than it was given is left when the clock of Redis was set back since: that says nothing.
if validity and left > validity and left <= 2 * validity then
  return 2
end
-- A time that is yet to come was written down before the clock was set back: it says nothing.
local clock, looked = redis.pcall('TIME'), tonumber(readable_time(state[6]))
if looked and tonumber(args.looked_ms) < looked and not clock.err and looked <= clock[1] * 1000 + clock[2] / 1000 then
  return 2
end
redis.pcall('HSET', keys.state, 'lapse_looked_ms', args.looked_ms)
local written = redis.pcall('SET', keys.feedback, args.document)
if written.err then
  redis.call('DEL', keys.feedback)
end
return 1
