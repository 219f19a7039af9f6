package sheet

// byTick divides lines where those to tick begin or end.
func byTick(lines []Line) (runs [][]Line) {
	for i, l := range lines {
		if i == 0 || l.Tick != lines[i-1].Tick {
			runs = append(runs, nil)
		}
		runs[len(runs)-1] = append(runs[len(runs)-1], l)
	}
	return runs
}
