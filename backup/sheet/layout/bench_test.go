package layout

import (
	"fmt"
	"io"
	"testing"
)

func BenchmarkPDF(b *testing.B)  { benchmark(b, Document.WritePDF) }
func BenchmarkHTML(b *testing.B) { benchmark(b, Document.WriteHTML) }

// benchmark lays out sheets of many accounts: the time is to grow as their number.
func benchmark(b *testing.B, write func(Document, io.Writer, Paper) error) {
	for _, accounts := range []int{10, 100, 1000} {
		d := sample(accounts)
		b.Run(fmt.Sprint(accounts), func(b *testing.B) {
			for b.Loop() {
				if err := write(d, io.Discard, A4); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*accounts), "µs/account")
		})
	}
}
