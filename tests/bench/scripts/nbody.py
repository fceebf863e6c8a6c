# Planets on their way around the sun: floating point and attribute access.
import sys


class Body:
    __slots__ = ("x", "y", "z", "vx", "vy", "vz", "mass")

    def __init__(self, *values):
        self.x, self.y, self.z, self.vx, self.vy, self.vz, self.mass = values


def advance(bodies, pairs, dt):
    for a, b in pairs:
        dx, dy, dz = a.x - b.x, a.y - b.y, a.z - b.z
        far = dx * dx + dy * dy + dz * dz
        pull = dt / (far * far**0.5)
        a.vx -= dx * b.mass * pull
        a.vy -= dy * b.mass * pull
        a.vz -= dz * b.mass * pull
        b.vx += dx * a.mass * pull
        b.vy += dy * a.mass * pull
        b.vz += dz * a.mass * pull
    for body in bodies:
        body.x += dt * body.vx
        body.y += dt * body.vy
        body.z += dt * body.vz


bodies = [
    Body(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 39.0),
    Body(4.8, -1.1, -0.1, 0.6, 2.8, -0.02, 0.037),
    Body(8.3, 4.1, -0.4, -1.0, 1.8, 0.008, 0.011),
    Body(12.8, -15.1, -0.2, 1.1, 0.8, -0.01, 0.0017),
    Body(15.3, -25.9, 0.1, 0.9, 0.6, -0.03, 0.002),
]
pairs = [(a, b) for i, a in enumerate(bodies) for b in bodies[i + 1 :]]
for _ in range(int(sys.argv[1])):
    advance(bodies, pairs, 0.01)
print(" ".join(f"{body.x:.9f}" for body in bodies))
