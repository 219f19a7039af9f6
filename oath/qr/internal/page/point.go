package page

import "math"

// A point is a place on a plane, or the way from one to another.
type point struct{ x, y float64 }

func (p point) plus(q point) point       { return point{p.x + q.x, p.y + q.y} }
func (p point) minus(q point) point      { return point{p.x - q.x, p.y - q.y} }
func (p point) times(f float64) point    { return point{p.x * f, p.y * f} }
func (p point) length() float64          { return math.Hypot(p.x, p.y) }
func (p point) distance(q point) float64 { return p.minus(q).length() }

// cross is positive if q is clockwise of p, and the area that the two span.
func (p point) cross(q point) float64 { return p.x*q.y - p.y*q.x }
