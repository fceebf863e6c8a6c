local t = {} for i = 1, 100 do t[i] = (i * 7919) % 1009 end table.sort(t) print(t[1], t[50], t[100], #t)
print(10 // 3, -10 // 3, 10 % -3, 7 / 2, 2 ^ 0.5, 1 << 40, 0xff ~ 0x0f, math.maxinteger + 1 == math.mininteger, 1e100)
print(string.format("%5.2f|%x|%q|%s", math.pi, 255, "a\nb", nil), ("hello world"):gsub("o", "0"), ("abc"):rep(3, "-"))
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end print(fib(20))
local co = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i * i) end end) print(co(), co(), co())
local n = {} for w in io.open("words.txt"):read("a"):gmatch("%a+") do n[w] = (n[w] or 0) + 1 end
local k = {} for w in pairs(n) do k[#k + 1] = w end table.sort(k) for _, w in ipairs(k) do io.write(w, "=", n[w], " ") end print()
print(pcall(error, { code = 1 }), select("#", table.unpack({ 1, 2, nil, 4 }, 1, 4)), setmetatable({}, { __index = function(_, x) return x * 2 end })[21])
os.exit(6)
