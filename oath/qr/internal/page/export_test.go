package page

import "image"

const MaxSamples = maxSamples

// Samples returns how many samples of brightness Scan takes that may take so many.
func Samples(g *image.Gray, most int) int {
	s := scanner{left: most}
	s.scanClosely(g)
	return most - s.left
}

// GlanceSamples returns how many Glance takes.
func GlanceSamples(g *image.Gray) int {
	s := scanner{left: maxSamples}
	s.glance(g)
	return maxSamples - s.left
}
