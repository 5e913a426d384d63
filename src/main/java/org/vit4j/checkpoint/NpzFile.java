package org.vit4j.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.vit4j.config.ConfigError;

/**
 * A NumPy {@code .npz} file with the weights of a Flax model, as published by google-research. Arrays have PyTorch's
 * axis order and names end as in PyTorch.
 *
 * <p>Source: huggingface/pytorch-image-models, {@code timm/models/vision_transformer.py}, _load_weights. Slashes in
 * names become dots, {@code kernel} and {@code scale} become {@code weight}. Kernels: [in, out] -> [out, in], [kH,
 * kW, in, out] -> [out, in, kH, kW]. The head axes of attention, [D, heads, d] or [heads, d, D], are merged.
 */
final class NpzFile implements StateDict {
    private static final int MAX_ARRAYS = 100_000;
    private static final int CHUNK = 1 << 20;

    /**
     * An array in the file.
     *
     * @param shape shape in PyTorch's axis order, heads merged
     * @param order axis in the file for each of PyTorch's axes
     */
    private record Slot(ZipEntry entry, Npy.Header header, List<Integer> shape, int[] order) {}

    private final Path file;
    private final ZipFile zip;
    private final Map<String, Slot> slots = new LinkedHashMap<>();
    private final Map<String, StateEntry> entries = new LinkedHashMap<>();

    private NpzFile(Path file, ZipFile zip) {
        this.file = file;
        this.zip = zip;
    }

    /** Returns true for a zip file that contains only {@code .npy} files. */
    static boolean isNpz(Path file) {
        try (ZipFile zip = new ZipFile(file.toFile())) {
            return zip.size() > 0
                    && zip.stream().allMatch(entry -> entry.getName().endsWith(".npy"));
        } catch (IOException | IllegalArgumentException e) {
            return false; // reported when the file is opened
        }
    }

    static NpzFile open(Path file) {
        ZipFile zip = null;
        try {
            zip = new ZipFile(file.toFile());
            NpzFile opened = new NpzFile(file, zip);
            opened.index();
            return opened;
        } catch (IOException | IllegalArgumentException e) {
            close(zip);
            throw new ConfigError(file + ": cannot be read as .npz: " + e.getMessage(), e);
        } catch (ConfigError e) {
            close(zip);
            throw e;
        }
    }

    private void index() throws IOException {
        if (zip.size() > MAX_ARRAYS) throw new ConfigError(file + ": more than " + MAX_ARRAYS + " arrays");
        Enumeration<? extends ZipEntry> all = zip.entries();
        while (all.hasMoreElements()) {
            ZipEntry entry = all.nextElement();
            String name = entry.getName().substring(0, entry.getName().length() - ".npy".length());
            try (InputStream in = zip.getInputStream(entry)) {
                Npy.Header header = Npy.header(file + "!" + Pickle.shortened(name), in);
                if (header.type().isEmpty()) continue; // text, objects
                Slot slot = slot(name, entry, header);
                String key = torchName(name, header);
                if (slots.put(key, slot) != null) {
                    throw new ConfigError(file + ": duplicate array '" + Pickle.shortened(name) + "'");
                }
                entries.put(key, new StateEntry(header.type().get(), slot.shape));
            }
        }
        if (entries.isEmpty()) throw new ConfigError(file + ": contains no numeric arrays");
    }

    private static String torchName(String name, Npy.Header header) {
        String dotted = name.replace('/', '.');
        int dot = dotted.lastIndexOf('.') + 1;
        String leaf = dotted.substring(dot);
        boolean weight =
                leaf.equals("scale") || (leaf.equals("kernel") && header.shape().size() > 1);
        return weight ? dotted.substring(0, dot) + "weight" : dotted;
    }

    private static Slot slot(String name, ZipEntry entry, Npy.Header header) {
        List<Integer> dims = header.shape();
        boolean kernel = name.endsWith("/kernel") || name.equals("kernel");
        boolean attention = name.matches("(.*/)?(query|key|value|out)/(kernel|bias)");
        if (attention && kernel && dims.size() == 3 && !name.endsWith("out/kernel")) { // [D, heads, d]
            return new Slot(
                    entry, header, List.of(product(dims.get(1), dims.get(2)), dims.get(0)), new int[] {1, 2, 0});
        }
        if (attention && kernel && dims.size() == 3) { // [heads, d, D]
            return new Slot(
                    entry, header, List.of(dims.get(2), product(dims.get(0), dims.get(1))), new int[] {2, 0, 1});
        }
        if (attention && !kernel && dims.size() == 2) { // [heads, d]
            return new Slot(entry, header, List.of(product(dims.get(0), dims.get(1))), new int[] {0, 1});
        }
        int[] order = IntStream.range(0, dims.size()).toArray();
        if (kernel && dims.size() == 2) order = new int[] {1, 0};
        if (kernel && dims.size() == 4) order = new int[] {3, 2, 0, 1};
        List<Integer> shape = Arrays.stream(order).mapToObj(dims::get).toList();
        return new Slot(entry, header, shape, order);
    }

    private static int product(int a, int b) {
        return (int) Math.min((long) a * b, Integer.MAX_VALUE);
    }

    @Override
    public String label() {
        return file.toString();
    }

    @Override
    public boolean isFlax() {
        return true;
    }

    @Override
    public Map<String, StateEntry> entries() {
        return Collections.unmodifiableMap(entries);
    }

    @Override
    public float[] values(String name) {
        Slot slot = slots.get(name);
        if (slot == null) throw new IllegalArgumentException(file + ": no array '" + name + "'");
        long size = entries.get(name).size();
        if (size > Integer.MAX_VALUE - 8) throw new ConfigError(file + ": " + name + ": more than 2^31 values");
        try (InputStream in = zip.getInputStream(slot.entry)) {
            Npy.header(file + "!" + name, in);
            return permuted(slot, read(in, slot.header.type().orElseThrow(), (int) size));
        } catch (IOException e) {
            throw new ConfigError(file + ": " + name + ": cannot be read: " + e.getMessage(), e);
        }
    }

    /** Reads values and grows the array as they arrive, since a compressed file may claim any number of values. */
    private static float[] read(InputStream in, DType type, int size) throws IOException {
        float[] values = new float[Math.min(size, CHUNK)];
        for (int i = 0; i < size; ) {
            byte[] chunk = in.readNBytes((int) Math.min(CHUNK, (long) (size - i) * type.width()));
            if (chunk.length == 0 || chunk.length % type.width() != 0) throw new IOException("file is truncated");
            int count = chunk.length / type.width();
            if (i + count > values.length) {
                values = Arrays.copyOf(values, (int) Math.min(size, Math.max(2L * values.length, i + count)));
            }
            ByteBuffer bytes = ByteBuffer.wrap(chunk).order(ByteOrder.LITTLE_ENDIAN);
            while (bytes.hasRemaining()) values[i++] = type.next(bytes);
        }
        if (in.read() >= 0) throw new IOException("unexpected data after the values");
        return values.length == size ? values : Arrays.copyOf(values, size);
    }

    private static float[] permuted(Slot slot, float[] values) {
        List<Integer> dims = slot.header.shape();
        int rank = dims.size();
        int[] strides = new int[rank];
        int stride = 1;
        for (int k = 0; k < rank; k++) {
            int axis = slot.header.fortran() ? k : rank - 1 - k;
            strides[axis] = stride;
            stride *= dims.get(axis);
        }
        float[] result = new float[values.length];
        int[] index = new int[rank];
        for (int i = 0; i < values.length; i++) {
            int from = 0;
            for (int k = 0; k < rank; k++) from += index[k] * strides[slot.order[k]];
            result[i] = values[from];
            for (int k = rank - 1; k >= 0 && ++index[k] == dims.get(slot.order[k]); k--) index[k] = 0;
        }
        return result;
    }

    @Override
    public void close() {
        close(zip);
    }

    private static void close(ZipFile zip) {
        try {
            if (zip != null) zip.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
