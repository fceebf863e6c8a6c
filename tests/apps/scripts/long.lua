-- Lua 5.4 and LuaJIT alike: numbers, tables, strings, closures, coroutines, metatables.
local seed = 7
local function draw(n)
  seed = (seed * 16807) % 2147483647
  return seed % n
end

local function nbody(steps)
  local bodies = {}
  for i = 1, 5 do bodies[i] = {x = i * 1.5, y = i * i * 0.25, z = 1 / i, vx = 0.01 * i, vy = -0.02 * i, vz = 0.005, m = 1 + i} end
  for _ = 1, steps do
    for i = 1, 5 do
      local a = bodies[i]
      for j = i + 1, 5 do
        local b = bodies[j]
        local dx, dy, dz = a.x - b.x, a.y - b.y, a.z - b.z
        local d2 = dx * dx + dy * dy + dz * dz + 0.01
        local f = 0.001 / (d2 * math.sqrt(d2))
        a.vx, a.vy, a.vz = a.vx - dx * b.m * f, a.vy - dy * b.m * f, a.vz - dz * b.m * f
        b.vx, b.vy, b.vz = b.vx + dx * a.m * f, b.vy + dy * a.m * f, b.vz + dz * a.m * f
      end
    end
    for _, b in ipairs(bodies) do b.x, b.y, b.z = b.x + 0.001 * b.vx, b.y + 0.001 * b.vy, b.z + 0.001 * b.vz end
  end
  local energy = 0
  for _, b in ipairs(bodies) do energy = energy + b.m * (b.vx ^ 2 + b.vy ^ 2 + b.vz ^ 2) / 2 end
  return energy
end
print(string.format("nbody %.6g", nbody(2000)))

local function fannkuch(n)
  local p, q, s, sign, flips, sum = {}, {}, {}, 1, 0, 0
  for i = 1, n do p[i], q[i], s[i] = i, i, i end
  while true do
    local q0 = p[1]
    if q0 ~= 1 then
      for i = 2, n do q[i] = p[i] end
      local count = 1
      while true do
        local qq = q[q0]
        if qq == 1 then
          sum = sum + sign * count
          if count > flips then flips = count end
          break
        end
        q[q0] = q0
        if q0 >= 4 then
          local i, j = 2, q0 - 1
          repeat q[i], q[j] = q[j], q[i]; i = i + 1; j = j - 1 until i >= j
        end
        q0 = qq
        count = count + 1
      end
    end
    if sign == 1 then
      p[1], p[2] = p[2], p[1]
      sign = -1
    else
      p[2], p[3] = p[3], p[2]
      sign = 1
      for i = 3, n do
        local sx = s[i]
        if sx ~= 1 then s[i] = sx - 1; break end
        if i == n then return sum, flips end
        s[i] = i
        local t = p[1]
        for j = 1, i do p[j] = p[j + 1] end
        p[i + 1] = t
      end
    end
  end
end
print("fannkuch", fannkuch(8))

local words = {}
for i = 1, 20000 do
  local letters = {}
  for j = 1, 3 + draw(6) do letters[j] = string.char(97 + draw(26)) end
  words[i] = table.concat(letters)
end
table.sort(words, function(a, b) if #a ~= #b then return #a < #b end return a > b end)
print(words[1], words[10000], words[20000])
local text = table.concat(words, " ")
print(select(2, text:gsub("[aeiou]+", "")), select(2, text:gsub("(%w)%1", "<%1>")), #text:gsub("%f[%w]%w", string.upper))
local count = {}
for w in text:gmatch("%a+") do local k = w:sub(1, 2); count[k] = (count[k] or 0) + 1 end
local keys = {}
for k in pairs(count) do keys[#keys + 1] = k end
table.sort(keys, function(a, b) if count[a] ~= count[b] then return count[a] > count[b] end return a < b end)
for i = 1, 5 do io.write(keys[i], "=", count[keys[i]], " ") end
print()

local function permutations(a, n)
  if n == 0 then coroutine.yield(a) else
    for i = 1, n do
      a[n], a[i] = a[i], a[n]
      permutations(a, n - 1)
      a[n], a[i] = a[i], a[n]
    end
  end
end
local total = 0
for a in coroutine.wrap(function() permutations({1, 2, 3, 4, 5, 6, 7}, 7) end) do total = total + a[1] * a[7] end
print("permutations", total)

local Vector = {}
Vector.__index = Vector
Vector.__add = function(a, b) return setmetatable({a[1] + b[1], a[2] + b[2]}, Vector) end
Vector.__eq = function(a, b) return a[1] == b[1] and a[2] == b[2] end
Vector.__tostring = function(a) return "(" .. a[1] .. ";" .. a[2] .. ")" end
local sum = setmetatable({0, 0}, Vector)
for i = 1, 100000 do sum = sum + setmetatable({i, -i}, Vector) end
print(tostring(sum):gsub("%.0", ""))
local ok, message = pcall(function() error({code = 42}) end)
print(ok, message.code, select("#", pcall(error)))
local sieve, primes = {}, 0
for n = 2, 200000 do
  if not sieve[n] then primes = primes + 1; for m = n * n, 200000, n do sieve[m] = true end end
end
print("primes", primes, string.format("%5.2f|%-5d|%x|%q", math.pi, 42, 255, "a\nb"))
