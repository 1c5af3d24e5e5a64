-- Publishes one feedback: pulse, log entry, state, key and event in one atomic step.
-- keys: state log feedback pulse lease evidence trade_ids
-- arguments: claim run_id expected_epoch expected_revision expected_valid_until_ms opening head
-- arguments: epoch revision document traceparent event channel retained
-- arguments: computed_at_ms data_as_of_ms valid_until_ms key_lives_ms leverage_caps intervention rests_on guard
-- with the note of the long memory
-- `run_id`: of the Redis that the claim is held in. `head`: digest of the newest entry, see `head_differs`. `document`: the
-- feedback as JSON, for the log and for the key, which may hold any type. `traceparent`: W3C context of the trace that the
-- entry is a part of, or empty. `rests_on`: what the revision rests on, or empty. `retained`: revisions to retain. `channel`:
-- empty to send no event. `guard`: what the drawdown guard goes on from, or empty where it is off. `opening`: see
-- `was_opened_since`: a request that was overtaken must not bring back what was confirmed or withdrawn since. Nor must one that
-- was sent twice and carried out before: the validity is another one by then.
-- Returns {'published', why the event could not be sent or ''}, {'deposed', who holds the lease} or, when the log is
-- not where the publisher believes it to be, {'conflict'}, or {'memory moved'} when the long memory is not.
local state, refused = try('hash', 'HMGET', keys.state, 'fencing_token', 'epoch', 'revision', 'epoch_start', 'opening',
  'valid_until_ms', 'computed_at_ms')
refused = refused or deposed(keys.lease, args.claim, state[1])
if refused then
  return refused
end
local held
held, refused = held_in(keys.log)
if refused then
  return refused
end
if state[2] ~= args.expected_epoch or state[3] ~= args.expected_revision or not is_revision(state[4])
  or tonumber(readable_end(state[6], state[7])) ~= tonumber(args.expected_valid_until_ms)
  or was_opened_since(state[5], args.opening) or head_differs(held, args.expected_revision, args.head) then
  return {'conflict'}
end
refused = memory_moved(keys, args) or must_be(keys.pulse, 'stream')
if refused then
  return refused
end
-- The stream itself knows how far the log has come. This is the first write: where it is refused, nothing is written.
local entry = {'revision', args.revision, 'epoch', args.epoch, 'feedback', args.document}
if args.rests_on ~= '' then
  entry[7], entry[8] = 'rests_on', args.rests_on
end
if args.traceparent ~= '' then
  entry[#entry + 1], entry[#entry + 2] = 'traceparent', args.traceparent
end
local added = redis.pcall('XADD', keys.log, 'MAXLEN', '=', args.retained, args.revision .. '-0', unpack(entry))
if type(added) == 'table' and added.err then
  if string.find(added.err, 'equal or smaller', 1, true) then
    return {'conflict'}
  end
  return added
end
remember(keys, args, rest)
local start = args.epoch == args.expected_epoch and state[4] or args.revision
local oldest = held.oldest and within_epoch(held.oldest, start) or args.revision
if held.length >= tonumber(args.retained) then
  oldest = oldest_revision(keys.log, start)
end
local now = {'epoch', args.epoch, 'revision', args.revision,
  'epoch_start', start, 'oldest_revision', oldest,
  'computed_at_ms', args.computed_at_ms, 'data_as_of_ms', args.data_as_of_ms, 'valid_until_ms', args.valid_until_ms,
  'withdrawn', '', 'leverage_caps', args.leverage_caps, 'intervention', args.intervention}
-- After the entry: whoever waits for both is given what was added first.
refused = beat(keys.pulse, unpack(now))
if refused then
  return refused
end
redis.call('HSET', keys.state, 'fencing_token', string.match(args.claim, '^%d+'), 'run_id', args.run_id, unpack(now))
if args.guard ~= '' then
  redis.call('HSET', keys.state, 'guard', args.guard)
end
redis.call('SET', keys.feedback, args.document, 'PX', args.key_lives_ms)
-- The user may lack permission for the channel; everything else is written by now.
local sent = args.channel ~= '' and redis.pcall('PUBLISH', args.channel, args.event)
return {'published', type(sent) == 'table' and sent.err or ''}
