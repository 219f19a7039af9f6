package sheettest

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"math"
	"math/rand/v2"

	"github.com/makiuchi-d/gozxing/common"
)

// Damage is what a scanner, a camera or a fax does to a page. The zero value
// leaves it as it is, in shades of grey. The same damage to the same picture
// gives the same picture.
type Damage struct {
	Turn        int     // quarter turns clockwise: 2 is upside down
	Skew        float64 // degrees clockwise
	Perspective float64 // how much shorter the far edge is than the near one: 0.1 is a tenth
	Curl        float64 // how far the paper's middle stands up, as a fraction of its width: its lines become arcs
	Crumple     float64 // standard deviation of how far places on the paper are moved, as a fraction of its width
	Motion      int     // how many pixels the camera moves to the right
	Blur        float64 // standard deviation of a Gaussian, in pixels
	Shadow      float64 // how much light lacks in the darkest corner: 0.5 is half
	Contrast    float64 // what is left of it, between 0 and 1; 0 means all
	Inverted    bool    // light on dark
	Noise       float64 // fraction of pixels that become a random grey: 0.05 is every twentieth
	Grain       float64 // standard deviation of noise in every pixel, in 255ths
	JPEG        int     // quality of compression, 1 to 100; 0 means none
	Seed        uint64  // of the noise, and of what crumples
}

// Poor is a poor scan, which a page at 100 dpi must survive: 3 degrees of skew,
// 5 % noise, and a blur of one pixel, a quarter of a millimetre on paper, on top of
// what skewing itself blurs.
func Poor(seed uint64) Damage {
	return Damage{Blur: 1, Skew: 3, Noise: 0.05, Seed: seed}
}

// Apply returns the damaged picture. It is larger than the original if that was
// turned, and what is outside of the page is white.
func (d Damage) Apply(img image.Image) image.Image {
	g := image.NewGray(image.Rectangle{Max: img.Bounds().Size()})
	draw.Draw(g, g.Rect, img, img.Bounds().Min, draw.Src)
	if d.Turn%4 != 0 || d.Skew != 0 || d.Perspective != 0 || d.Curl != 0 || d.Crumple != 0 {
		g = d.bend(g)
	}
	if d.Motion > 1 {
		g = move(g, d.Motion)
	}
	if d.Blur > 0 {
		g = blur(g, d.Blur)
	}
	d.light(g)
	d.sprinkle(g)
	return d.compress(g)
}

// bend turns and skews the page, and looks at it from below.
func (d Damage) bend(g *image.Gray) *image.Gray {
	w, h := float64(g.Rect.Dx()), float64(g.Rect.Dy())
	in := d.Perspective * w / 2
	corners := [8]float64{in, 0, w - in, 0, w, h, 0, h}
	sin, cos := math.Sincos((float64(d.Turn)*90 + d.Skew) * math.Pi / 180)
	var left, top, right, bottom float64
	for i := 0; i < 8; i += 2 {
		x, y := corners[i]-w/2, corners[i+1]-h/2
		x, y = x*cos-y*sin, x*sin+y*cos
		corners[i], corners[i+1] = x, y
		left, right = min(left, x), max(right, x)
		top, bottom = min(top, y), max(bottom, y)
	}
	toPage := common.PerspectiveTransform_QuadrilateralToQuadrilateral(
		corners[0]-left, corners[1]-top, corners[2]-left, corners[3]-top,
		corners[4]-left, corners[5]-top, corners[6]-left, corners[7]-top,
		0, 0, w, 0, w, h, 0, h)
	size := image.Pt(int(math.Ceil(right-left-1e-6)), int(math.Ceil(bottom-top-1e-6)))
	moved := d.crumple()
	return resample(g, size, func(row []float64) {
		toPage.TransformPoints(row)
		for i := 0; i < len(row); i += 2 {
			x, y := row[i]/w, row[i+1]/h
			dx, dy := moved.at(x, y)
			row[i] += dx * w
			row[i+1] += dy*w + d.Curl*w*math.Sin(math.Pi*x)
		}
	})
}

// creases says how far places of crumpled paper are moved, to the right and down, in
// widths of the paper. There are 7 by 9 of them, from edge to edge.
type creases [9][7][2]float64

func (d Damage) crumple() (c creases) {
	random := rand.New(rand.NewPCG(d.Seed, 1))
	for y := range c {
		for x := range c[y] {
			c[y][x] = [2]float64{random.NormFloat64() * d.Crumple, random.NormFloat64() * d.Crumple}
		}
	}
	return c
}

// at returns how far a place is moved, by bicubic interpolation (Catmull and Rom, "A
// class of local interpolating splines", 1974). Places are from 0 to 1.
func (c *creases) at(x, y float64) (dx, dy float64) {
	columns, across := spline(x, len(c[0]))
	rows, down := spline(y, len(c))
	for i, row := range rows {
		for j, column := range columns {
			weight := down[i] * across[j]
			dx += weight * c[row][column][0]
			dy += weight * c[row][column][1]
		}
	}
	return dx, dy
}

// spline returns the four of so many knots that are around a place, and their weights.
func spline(at float64, knots int) (around [4]int, weights [4]float64) {
	at *= float64(knots - 1)
	left := min(max(math.Floor(at), 0), float64(knots-2))
	t := min(max(at-left, 0), 1)
	for i := range around {
		around[i] = min(max(int(left)+i-1, 0), knots-1)
	}
	return around, [4]float64{
		(-t + 2*t*t - t*t*t) / 2, (2 - 5*t*t + 3*t*t*t) / 2, (t + 4*t*t - 3*t*t*t) / 2, (-t*t + t*t*t) / 2,
	}
}

// move smears the picture over so many pixels.
func move(g *image.Gray, pixels int) *image.Gray {
	out := image.NewGray(g.Rect)
	w := g.Rect.Dx()
	for i := range out.Pix {
		sum := 0
		for j := range pixels {
			sum += int(g.Pix[i-i%w+max(i%w-j, 0)])
		}
		out.Pix[i] = uint8(sum / pixels)
	}
	return out
}

// resample returns a picture of the size. Each pixel is taken from where
// the transform says, by bilinear interpolation.
func resample(g *image.Gray, size image.Point, transform func(row []float64)) *image.Gray {
	out := image.NewGray(image.Rectangle{Max: size})
	row := make([]float64, 2*size.X)
	for y := range size.Y {
		for x := range size.X {
			row[2*x], row[2*x+1] = float64(x)+0.5, float64(y)+0.5
		}
		transform(row)
		for x := range size.X {
			out.Pix[y*out.Stride+x] = between(g, row[2*x]-0.5, row[2*x+1]-0.5)
		}
	}
	return out
}

func between(g *image.Gray, x, y float64) uint8 {
	left, top := math.Floor(x), math.Floor(y)
	dx, dy := x-left, y-top
	at := func(x, y float64) float64 {
		if x < 0 || y < 0 || x >= float64(g.Rect.Dx()) || y >= float64(g.Rect.Dy()) {
			return 0xff
		}
		return float64(g.Pix[int(y)*g.Stride+int(x)])
	}
	upper := at(left, top)*(1-dx) + at(left+1, top)*dx
	lower := at(left, top+1)*(1-dx) + at(left+1, top+1)*dx
	return uint8(upper*(1-dy) + lower*dy + 0.5)
}

// blur applies a Gaussian of a standard deviation in pixels.
func blur(g *image.Gray, deviation float64) *image.Gray {
	reach := int(math.Ceil(3 * deviation))
	weights := make([]float64, 2*reach+1)
	sum := 0.0
	for i := range weights {
		distance := float64(i-reach) / deviation
		weights[i] = math.Exp(-distance * distance / 2)
		sum += weights[i]
	}
	across := image.NewGray(g.Rect)
	out := image.NewGray(g.Rect)
	w, h := g.Rect.Dx(), g.Rect.Dy()
	mean := func(g *image.Gray, x, y, dx, dy int) uint8 {
		total := 0.0
		for i, weight := range weights {
			px, py := min(max(x+(i-reach)*dx, 0), w-1), min(max(y+(i-reach)*dy, 0), h-1)
			total += weight * float64(g.Pix[py*g.Stride+px])
		}
		return uint8(total/sum + 0.5)
	}
	for i := range across.Pix {
		across.Pix[i] = mean(g, i%w, i/w, 1, 0)
	}
	for i := range out.Pix {
		out.Pix[i] = mean(across, i%w, i/w, 0, 1)
	}
	return out
}

// light takes contrast away, and then light, more of it the nearer to the lower
// right corner.
func (d Damage) light(g *image.Gray) {
	contrast := d.Contrast
	if contrast == 0 {
		contrast = 1
	}
	w, h := g.Rect.Dx(), g.Rect.Dy()
	for i, v := range g.Pix {
		value := 0x80 + (float64(v)-0x80)*contrast
		if d.Inverted {
			value = 0xff - value
		}
		value *= 1 - d.Shadow*float64(i%w+i/w)/float64(w+h)
		g.Pix[i] = uint8(value + 0.5)
	}
}

func (d Damage) sprinkle(g *image.Gray) {
	random := rand.New(rand.NewPCG(d.Seed, 0))
	for i, v := range g.Pix {
		if d.Grain > 0 {
			g.Pix[i] = uint8(min(max(float64(v)+random.NormFloat64()*d.Grain, 0), 0xff))
		}
		if d.Noise > 0 && random.Float64() < d.Noise {
			g.SetGray(i%g.Stride, i/g.Stride, color.Gray{Y: uint8(random.UintN(256))})
		}
	}
}

func (d Damage) compress(g *image.Gray) image.Image {
	if d.JPEG == 0 {
		return g
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, g, &jpeg.Options{Quality: d.JPEG}); err != nil {
		panic(err) // a buffer takes everything
	}
	img, err := jpeg.Decode(&b)
	if err != nil {
		panic(err)
	}
	return img
}
