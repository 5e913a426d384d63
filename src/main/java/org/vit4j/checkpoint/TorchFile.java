package org.vit4j.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.vit4j.config.ConfigError;

/**
 * One dictionary of tensors in a zip file of {@code torch.save} (PyTorch 1.6 and later). The entry {@code data.pkl}
 * describes the tensors, the entries {@code data/KEY} contain their values.
 *
 * <p>Source of the format: pytorch/pytorch, {@code torch/serialization.py} and {@code torch/_utils.py}. Training
 * scripts nest state dicts in dictionaries and lists under any name; {@link #alternatives} has all of them.
 */
final class TorchFile implements StateDict {
    /** A model of 1000 tensors needs about 0.5 MB. */
    private static final int MAX_PICKLE_BYTES = 16 << 20;

    private static final int CHUNK = 1 << 20;

    /** The open file, shared by all its dictionaries. */
    private record Archive(String file, ZipFile zip, String folder, List<String> classes) {}

    private final Archive archive;
    private final TensorDictionary dictionary;
    private final String label;
    private final List<StateDict> all;
    private final Map<String, Pickle.PickledTensor> tensors;
    private final Map<String, StateEntry> entries = new LinkedHashMap<>();

    private TorchFile(Archive archive, TensorDictionary dictionary, List<StateDict> all) {
        this.archive = archive;
        this.dictionary = dictionary;
        this.label =
                archive.file + dictionary.keys().stream().map(key -> "!" + key).collect(Collectors.joining());
        this.all = all;
        this.tensors = dictionary.tensors();
        tensors.forEach((name, tensor) -> entries.put(name, checked(name, tensor)));
    }

    static TorchFile open(Path file) {
        ZipFile zip = null;
        try {
            zip = new ZipFile(file.toFile());
            return open(file, zip);
        } catch (IOException | IllegalArgumentException e) {
            close(zip);
            throw new ConfigError(file + ": cannot be read as a PyTorch checkpoint: " + e.getMessage(), e);
        } catch (Pickle.PickleException e) {
            close(zip);
            throw new ConfigError(
                    file + ": " + e.getMessage()
                            + ". If you trust its source, load it in PyTorch and save only its state dict:"
                            + " torch.save(state_dict, ...)",
                    e);
        } catch (ConfigError e) {
            close(zip);
            throw e;
        }
    }

    private static TorchFile open(Path file, ZipFile zip) throws IOException, Pickle.PickleException {
        Set<String> names = new HashSet<>();
        for (String name : zip.stream().map(ZipEntry::getName).toList())
            if (!names.add(name)) throw new ConfigError(file + ": is damaged: it contains " + name + " twice");
        List<String> pickles = names.stream()
                .filter(name -> name.equals("data.pkl") || name.endsWith("/data.pkl"))
                .toList();
        if (zip.getEntry("model.weights.h5") != null) {
            throw new ConfigError(file + ": a Keras file. To import a vit4j model that Keras has saved, add --like"
                    + " ORIGINAL.keras; weights of other Keras models are not supported");
        }
        if (pickles.size() != 1) {
            throw new ConfigError(
                    file + ": a zip file, but not of torch.save: it contains " + pickles.size() + " data.pkl");
        }
        String folder = pickles.get(0).substring(0, pickles.get(0).length() - "data.pkl".length());
        if (zip.getEntry(folder + "constants.pkl") != null) {
            throw new ConfigError(file + ": a TorchScript program, which is not supported; save its weights with"
                    + " torch.save(torch.jit.load('" + file.getFileName() + "').state_dict(), 'converted.pth')");
        }
        ZipEntry order = zip.getEntry(folder + "byteorder");
        if (order != null && !text(zip, order).strip().equals("little")) {
            throw new ConfigError(file + ": written on a big-endian machine, which is not supported");
        }
        Pickle.Content content = Pickle.read(bytes(zip, pickles.get(0), MAX_PICKLE_BYTES));
        return preferred(new Archive(file.toString(), zip, folder, List.copyOf(content.classes())), content.value());
    }

    /** Returns the dictionary with the most tensors; averaged weights win ties. */
    private static TorchFile preferred(Archive archive, Object value) {
        List<TensorDictionary> dictionaries = TensorDictionary.all(value);
        if (dictionaries.isEmpty()) {
            String found = value instanceof Pickle.Opaque opaque ? opaque.name() : String.join(", ", archive.classes);
            throw new ConfigError(archive.file + ": no state dict: expected named tensors in a dictionary"
                    + (found.isEmpty() ? "" : ", found objects that are not constructed (" + found + ")")
                    + "; save only the state dict: torch.save(model.state_dict(), ...)");
        }
        List<StateDict> all = new ArrayList<>();
        List<StateDict> view = Collections.unmodifiableList(all);
        TorchFile best = null;
        for (TensorDictionary dictionary : dictionaries) {
            TorchFile dict = new TorchFile(archive, dictionary, view);
            all.add(dict);
            boolean larger = best == null || dict.entries.size() > best.entries.size();
            boolean equal = best != null && dict.entries.size() == best.entries.size();
            if (larger || (equal && dict.isAveraged() && !best.isAveraged())) best = dict;
        }
        return best;
    }

    /** Rejects a tensor that reads outside of its storage or has more values than it. */
    private StateEntry checked(String name, Pickle.PickledTensor tensor) {
        Pickle.PickledStorage storage = tensor.storage();
        try {
            if (tensor.shape().size() != tensor.strides().size()) throw new ArithmeticException();
            long count = 1;
            long last = tensor.offset();
            for (int i = 0; i < tensor.shape().size(); i++) {
                long dim = Math.toIntExact(tensor.shape().get(i));
                count = Math.multiplyExact(count, dim);
                last = Math.addExact(
                        last,
                        Math.multiplyExact(
                                Math.max(dim - 1, 0), tensor.strides().get(i)));
            }
            if (count > storage.count() || (count > 0 && (tensor.offset() < 0 || last >= storage.count()))) {
                throw new ArithmeticException();
            }
        } catch (ArithmeticException e) {
            throw new ConfigError(
                    label + ": " + Pickle.shortened(name) + ": " + tensor.shape() + " with strides " + tensor.strides()
                            + " does not fit its storage of " + storage.count() + " values",
                    e);
        }
        ZipEntry data = archive.zip.getEntry(archive.folder + "data/" + storage.key());
        if (data == null
                || !isStored(data)
                || storage.count() > data.getSize() // so that the product does not overflow
                || data.getSize() != storage.count() * storage.type().width()) {
            throw new ConfigError(label + ": " + Pickle.shortened(name) + ": data has "
                    + (data == null ? "no entry" : data.getSize() + " bytes") + " in the zip, expected "
                    + storage.count() + " values of type " + storage.type() + ", not compressed; the file is damaged");
        }
        return new StateEntry(
                storage.type(), tensor.shape().stream().map(Long::intValue).toList());
    }

    @Override
    public String label() {
        return label;
    }

    @Override
    public String path() {
        return String.join(".", dictionary.keys());
    }

    @Override
    public List<StateDict> alternatives() {
        return all;
    }

    @Override
    public Map<String, String> opaque() {
        return dictionary.opaque();
    }

    @Override
    public List<String> skippedClasses() {
        return archive.classes;
    }

    @Override
    public Object identity(String name) {
        return tensors.get(name);
    }

    @Override
    public Map<String, StateEntry> entries() {
        return Collections.unmodifiableMap(entries);
    }

    @Override
    public float[] values(String name) {
        Pickle.PickledTensor tensor = tensors.get(name);
        if (tensor == null) throw new IllegalArgumentException(label + ": no array '" + name + "'");
        long size = entries.get(name).size();
        if (size == 0) return new float[0];
        long last = 0;
        for (int i = 0; i < tensor.shape().size(); i++)
            last += (tensor.shape().get(i) - 1) * tensor.strides().get(i);
        if (last > Integer.MAX_VALUE - 9) throw new ConfigError(label + ": " + name + ": more than 2^31 values");
        float[] range = range(name, tensor, (int) last + 1);
        return contiguous(tensor) ? range : gather(tensor, range, (int) size);
    }

    private static boolean contiguous(Pickle.PickledTensor tensor) {
        long stride = 1;
        for (int i = tensor.shape().size() - 1; i >= 0; i--) {
            if (tensor.shape().get(i) != 1 && tensor.strides().get(i) != stride) return false;
            stride *= tensor.shape().get(i);
        }
        return true;
    }

    private static float[] gather(Pickle.PickledTensor tensor, float[] range, int size) {
        float[] values = new float[size];
        long[] index = new long[tensor.shape().size()];
        for (int i = 0; i < size; i++) {
            long from = 0;
            for (int axis = 0; axis < index.length; axis++)
                from += index[axis] * tensor.strides().get(axis);
            values[i] = range[(int) from];
            for (int axis = index.length - 1;
                    axis >= 0 && ++index[axis] == tensor.shape().get(axis);
                    axis--) {
                index[axis] = 0;
            }
        }
        return values;
    }

    /**
     * Returns true for uncompressed entries, as torch.save writes them; a compressed entry could be far larger than
     * the file.
     */
    private static boolean isStored(ZipEntry entry) {
        return entry.getMethod() == ZipEntry.STORED && entry.getCompressedSize() == entry.getSize();
    }

    /** Reads {@code count} values of the storage, starting at the tensor's offset. */
    private float[] range(String name, Pickle.PickledTensor tensor, int count) {
        DType type = tensor.storage().type();
        float[] values = new float[count];
        ZipEntry data =
                archive.zip.getEntry(archive.folder + "data/" + tensor.storage().key());
        try (InputStream in = archive.zip.getInputStream(data)) {
            in.skipNBytes(tensor.offset() * type.width());
            for (int i = 0; i < count; ) {
                int length = Math.min(CHUNK / type.width(), count - i) * type.width();
                byte[] chunk = in.readNBytes(length);
                if (chunk.length < length) throw new IOException("file is truncated");
                ByteBuffer bytes = ByteBuffer.wrap(chunk).order(ByteOrder.LITTLE_ENDIAN);
                while (bytes.hasRemaining()) values[i++] = type.next(bytes);
            }
            return values;
        } catch (IOException e) {
            throw new ConfigError(label + ": " + Pickle.shortened(name) + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static String text(ZipFile zip, ZipEntry entry) throws IOException {
        return new String(bytes(zip, entry.getName(), 64), StandardCharsets.UTF_8);
    }

    private static byte[] bytes(ZipFile zip, String name, int limit) throws IOException {
        if (!isStored(zip.getEntry(name))) throw new IOException(name + " is compressed, which torch.save never does");
        try (InputStream in = zip.getInputStream(zip.getEntry(name))) {
            byte[] bytes = in.readNBytes(limit + 1);
            if (bytes.length > limit) throw new IOException(name + " has more than " + limit + " bytes");
            return bytes;
        }
    }

    @Override
    public void close() {
        close(archive.zip);
    }

    private static void close(ZipFile zip) {
        try {
            if (zip != null) zip.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
