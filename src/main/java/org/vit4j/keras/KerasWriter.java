package org.vit4j.keras;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32;
import java.util.zip.CheckedOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Writes the zip archive of a model. Entries are uncompressed, as in Keras, and have a fixed time stamp. */
final class KerasWriter {
    /** Oldest Keras version in the checks. Keras ignores it on loading. */
    private static final String KERAS_VERSION = "3.6.0";
    /** Fixed time stamp. Not 1980-01-01, for which Java adds an extended time stamp that depends on the time zone. */
    private static final LocalDateTime NO_TIME = LocalDateTime.of(1980, 2, 1, 0, 0);

    private KerasWriter() {}

    static void write(Path path, KerasModel model, WeightSource weights, Map<String, byte[]> extras)
            throws IOException {
        try (OutputStream out = Files.newOutputStream(path);
                ZipOutputStream zip = new ZipOutputStream(new BufferedOutputStream(out, 1 << 16))) {
            entries(zip, model, weights, extras);
        }
    }

    private static void entries(ZipOutputStream zip, KerasModel model, WeightSource weights, Map<String, byte[]> extras)
            throws IOException {
        var metadata = KerasJson.JSON.createObjectNode().put("keras_version", KERAS_VERSION);
        entry(zip, KerasFile.METADATA, KerasJson.bytes(metadata));
        entry(zip, KerasFile.CONFIG, KerasJson.bytes(model.config()));
        weights(zip, model, weights);
        entry(zip, KerasFile.EXTRAS + KerasFile.INDEX, WeightIndex.of(model).toJson());
        for (Map.Entry<String, byte[]> extra : new TreeMap<>(extras).entrySet()) {
            String name = extra.getKey();
            if (!name.matches("[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*") || name.equals(KerasFile.INDEX)) {
                throw new IllegalArgumentException("invalid name of an additional file '" + name + "'");
            }
            entry(zip, KerasFile.EXTRAS + name, extra.getValue());
        }
    }

    private static void entry(ZipOutputStream zip, String name, byte[] bytes) throws IOException {
        CRC32 crc = new CRC32();
        crc.update(bytes);
        zip.putNextEntry(stored(name, bytes.length, crc.getValue()));
        zip.write(bytes);
        zip.closeEntry();
    }

    /** Writes the weights. A stored entry needs its checksum in advance, so they are encoded twice. */
    private static void weights(ZipOutputStream zip, KerasModel model, WeightSource weights) throws IOException {
        Map<String, WeightSlot> slots = new HashMap<>();
        Hdf5Writer hdf5 = new Hdf5Writer();
        model.groups().forEach(hdf5::group);
        for (WeightSlot slot : model.slots()) {
            slots.put(slot.path(), slot);
            hdf5.dataset(slot.path(), slot.shape());
        }
        long size = hdf5.layOut();
        Hdf5Writer.DatasetValues values = path -> values(slots.get(path), weights);
        CheckedOutputStream counted = new CheckedOutputStream(OutputStream.nullOutputStream(), new CRC32());
        hdf5.write(counted, values);
        zip.putNextEntry(stored(KerasFile.WEIGHTS, size, counted.getChecksum().getValue()));
        hdf5.write(zip, values);
        zip.closeEntry();
    }

    private static float[] values(WeightSlot slot, WeightSource weights) {
        KerasVariable.VariableSource source = slot.variable().source();
        if (source instanceof KerasVariable.VariableSource.WholeParameter parameter)
            return weights.values(parameter.weight().name());
        if (source instanceof KerasVariable.VariableSource.ParameterCopy copy)
            return weights.values(copy.weight().name());
        if (source instanceof KerasVariable.VariableSource.StandardizedKernel standardized)
            return standardized.values(weights.values(standardized.weight().name()));
        if (source instanceof KerasVariable.VariableSource.ComputedArray computed) return computed.values();
        if (source instanceof KerasVariable.VariableSource.FilledArray filled) {
            float[] values = new float[Math.toIntExact(slot.shape().size())];
            Arrays.fill(values, filled.value());
            return values;
        }
        throw new AssertionError(source);
    }

    private static ZipEntry stored(String name, long size, long crc) {
        ZipEntry entry = new ZipEntry(name);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(size);
        entry.setCrc(crc);
        entry.setTimeLocal(NO_TIME);
        return entry;
    }
}
