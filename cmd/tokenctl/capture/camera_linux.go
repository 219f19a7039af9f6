//go:build amd64 || arm64 || 386 || arm || riscv64 || loong64 || s390x

package capture

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Video for Linux, as linux/videodev2.h has it; a test holds sizes and numbers against
// that. Of what is a union there, these are the members for a camera whose pictures are
// mapped into memory.
type (
	v4l2Capability struct {
		_                         [80]byte
		_, capabilities, ofDevice uint32
		_                         [3]uint32
	}
	v4l2Format struct {
		kind uint32
		_    [0]uintptr // which a union with pointers begins at
		pix  struct {
			width, height, fourCC, field, stride, size uint32
			_                                          [200 - 24]byte
		}
	}
	v4l2Request struct {
		count, kind, memory uint32
		_                   [2]uint32
	}
	v4l2Buffer struct {
		index, kind, used, flags, field uint32
		_                               unix.Timeval
		_                               [4]uint32 // the timecode
		_, memory                       uint32
		offset                          uint32
		_                               [unsafe.Sizeof(uintptr(0)) - 4]byte
		_                               [0]uintptr
		length                          uint32
		_                               [2]uint32
	}
)

const (
	isCapture   = 0x1
	isStreaming = 0x04000000
	hasOfDevice = 0x80000000
	isDamaged   = 0x40 // of a buffer
	forCapture  = 1    // V4L2_BUF_TYPE_VIDEO_CAPTURE
	byMapping   = 1    // V4L2_MEMORY_MMAP
)

// The numbers of requests (asm-generic/ioctl.h): how the argument is passed, its size, the
// kind of device, and the request.
const (
	fromKernel = 2<<30 | 'V'<<8
	toKernel   = 1<<30 | 'V'<<8
	both       = fromKernel | toKernel

	queryCapability = fromKernel | unsafe.Sizeof(v4l2Capability{})<<16
	setFormat       = both | unsafe.Sizeof(v4l2Format{})<<16 | 5
	tryFormat       = both | unsafe.Sizeof(v4l2Format{})<<16 | 64
	requestBuffers  = both | unsafe.Sizeof(v4l2Request{})<<16 | 8
	queryBuffer     = both | unsafe.Sizeof(v4l2Buffer{})<<16 | 9
	enqueue         = both | unsafe.Sizeof(v4l2Buffer{})<<16 | 15
	dequeue         = both | unsafe.Sizeof(v4l2Buffer{})<<16 | 17
	streamOn        = toKernel | unsafe.Sizeof(uint32(0))<<16 | 18
)

// ioctl makes a request of a device, once more if a signal came.
func ioctl(fd int, request uintptr, argument unsafe.Pointer) error {
	for {
		_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(argument))
		switch errno {
		case 0:
			return nil
		case unix.EINTR:
			continue
		}
		return errno
	}
}

// OpenCamera opens a camera by its device, or the first that there is if that is "". It
// returns ErrNoCamera.
func OpenCamera(device string) (*Camera, error) {
	if device != "" {
		return openCamera(device)
	}
	devices, _ := filepath.Glob("/dev/video*")
	slices.Sort(devices)
	var failures []error
	for _, device := range devices { // some are not for pictures
		c, err := openCamera(device)
		if err == nil {
			return c, nil
		}
		failures = append(failures, err)
	}
	if len(failures) > 0 {
		return nil, errors.Join(failures...)
	}
	return nil, fmt.Errorf("%w: no /dev/video*", ErrNoCamera)
}

func openCamera(device string) (*Camera, error) {
	fail := func(err error) (*Camera, error) { return nil, fmt.Errorf("%w: %s: %w", ErrNoCamera, device, err) }
	fd, err := unix.Open(device, unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return fail(err)
	}
	v := &v4l2{fd: fd, ioctl: ioctl}
	c := &Camera{Name: device, next: v.next, close: v.close}
	if err := v.start(c); err != nil {
		v.close()
		return fail(err)
	}
	return c, nil
}

// A v4l2 is a device that takes pictures into memory that it shares.
type v4l2 struct {
	fd      int
	ioctl   func(fd int, request uintptr, argument unsafe.Pointer) error
	buffers [][]byte
}

func (v *v4l2) close() {
	unix.Close(v.fd) // which ends the stream
	for _, b := range v.buffers {
		unix.Munmap(b)
	}
}

// start has the device take the largest pictures up to a size that is quickly read.
func (v *v4l2) start(c *Camera) error {
	var able v4l2Capability
	if err := v.ioctl(v.fd, queryCapability, unsafe.Pointer(&able)); err != nil {
		return fmt.Errorf("not a camera: %w", err)
	}
	can := able.capabilities
	if can&hasOfDevice != 0 {
		can = able.ofDevice
	}
	if can&isCapture == 0 || can&isStreaming == 0 {
		return errors.New("not a camera")
	}
	var best v4l2Format
	for _, fourCC := range []uint32{yuyv, mjpg} { // the first loses nothing
		format := v4l2Format{kind: forCapture}
		format.pix.width, format.pix.height, format.pix.fourCC = 1920, 1080, fourCC
		err := v.ioctl(v.fd, tryFormat, unsafe.Pointer(&format))
		if err == nil && format.pix.fourCC == fourCC && format.pix.width*format.pix.height > best.pix.width*best.pix.height {
			best = format
		}
	}
	if best.kind == 0 {
		return errors.New("its pictures are neither YUYV nor MJPEG")
	}
	if err := v.ioctl(v.fd, setFormat, unsafe.Pointer(&best)); err != nil {
		return fmt.Errorf("setting its format: %w", err)
	}
	p := best.pix
	if p.width < 1 || p.height < 1 || p.width > maxCameraSide || p.height > maxCameraSide || p.fourCC != yuyv && p.fourCC != mjpg {
		return fmt.Errorf("its pictures are %d by %d pixels, in format %08x", p.width, p.height, p.fourCC)
	}
	c.Width, c.Height, c.fourCC = int(p.width), int(p.height), p.fourCC

	request := v4l2Request{count: 4, kind: forCapture, memory: byMapping}
	if err := v.ioctl(v.fd, requestBuffers, unsafe.Pointer(&request)); err != nil {
		return fmt.Errorf("asking for memory: %w", err)
	}
	for i := range min(request.count, 32) { // VIDEO_MAX_FRAME
		b := v4l2Buffer{index: i, kind: forCapture, memory: byMapping}
		if err := v.ioctl(v.fd, queryBuffer, unsafe.Pointer(&b)); err != nil {
			return fmt.Errorf("asking for memory: %w", err)
		}
		if b.length > MaxSize*4 {
			return ErrTooLarge
		}
		memory, err := unix.Mmap(v.fd, int64(b.offset), int(b.length), unix.PROT_READ, unix.MAP_SHARED)
		if err != nil {
			return fmt.Errorf("sharing memory: %w", err)
		}
		v.buffers = append(v.buffers, memory)
		if err := v.ioctl(v.fd, enqueue, unsafe.Pointer(&b)); err != nil {
			return fmt.Errorf("sharing memory: %w", err)
		}
	}
	kind := uint32(forCapture)
	if err := v.ioctl(v.fd, streamOn, unsafe.Pointer(&kind)); err != nil {
		return fmt.Errorf("beginning to take pictures: %w", err)
	}
	return nil
}

// next waits for a picture, and uses the latest: those before it are old.
func (v *v4l2) next(ctx context.Context, use func(frame []byte)) error {
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		const look = 200 // ms, until the context is looked at again
		waiting := []unix.PollFd{{Fd: int32(v.fd), Events: unix.POLLIN}}
		if n, err := unix.Poll(waiting, look); n == 0 || errors.Is(err, unix.EINTR) {
			continue
		} else if err != nil {
			return fmt.Errorf("waiting for a picture: %w", err)
		}
		var latest *v4l2Buffer
		for range len(v.buffers) {
			b := &v4l2Buffer{kind: forCapture, memory: byMapping}
			err := v.ioctl(v.fd, dequeue, unsafe.Pointer(b))
			if errors.Is(err, unix.EAGAIN) || err != nil && latest != nil {
				break
			}
			if err != nil {
				return fmt.Errorf("taking a picture: %w", err)
			}
			if latest != nil {
				v.ioctl(v.fd, enqueue, unsafe.Pointer(latest))
			}
			latest = b
		}
		if latest == nil {
			continue
		}
		if latest.index >= uint32(len(v.buffers)) || latest.used > uint32(len(v.buffers[latest.index])) {
			return fmt.Errorf("taking a picture: the camera gave %d bytes in place %d", latest.used, latest.index)
		}
		if latest.flags&isDamaged == 0 {
			use(v.buffers[latest.index][:latest.used])
		}
		if err := v.ioctl(v.fd, enqueue, unsafe.Pointer(latest)); err != nil {
			return fmt.Errorf("returning a picture: %w", err)
		}
		if latest.flags&isDamaged == 0 {
			return nil
		}
	}
}
