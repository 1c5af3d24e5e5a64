-- Goes before each of the other scripts: refuses keys that hold another type than this service keeps there.
-- A script is not rolled back when a command in it fails, so the types are checked before anything is written.
local function must_be(key, wanted)
  local kind = redis.call('TYPE', key)['ok']
  if kind ~= 'none' and kind ~= wanted then
    return redis.error_reply('WRONGTYPE ' .. key .. ' holds a ' .. kind .. ' where this service keeps a ' .. wanted
      .. ': rename or delete it')
  end
end
