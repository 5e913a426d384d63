package org.vit4j.checkpoint;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Reads Python's pickle as far as {@code torch.save} needs it, protocols 2 to 5 (Python's {@code Lib/pickletools.py} has
 * the opcodes). It makes text, numbers, lists, maps, and the few things {@link PickleAllowList} lists. An object of any other class
 * is read over: neither looked up, nor constructed, nor called, only kept as {@link Opaque} under its name. A file that
 * names a function which runs commands or code is refused.
 *
 * <p>Nothing is taken on trust: lengths are checked against the bytes there are, the number of opcodes is bounded, and
 * keys of maps are text or numbers, so that no hash has to walk through what a file built.
 */
final class Pickle {
    /** Some 25 a tensor: enough for 40,000 tensors. */
    private static final int MOST_OPCODES = 1_000_000;

    private static final int MOST_REFUSED = 10;
    private static final int MOST_CLASSES = 1000;
    private static final Object MARK = new Object();
    /** Python's None, and what nobody needs to know more of. */
    static final Object NOTHING = new Object();

    /** A class or function by name, not yet called. */
    record PickledGlobal(String name) {}

    /** An object that is not constructed: only the name of its class, or of the function that would make it. */
    record Opaque(String name) {}

    /**
     * The value of a pickle.
     *
     * @param value of lists, maps, text, numbers, tensors and opaque objects
     * @param classes names of unusual classes that were read over, sorted
     */
    record Content(Object value, SortedSet<String> classes) {}

    /** What {@code torch.save} keeps outside of the pickle: {@code ("storage", type, key, device, count)}. */
    record PickledStorage(DType type, String key, long count) {}

    /** A view of a storage. */
    record PickledTensor(PickledStorage storage, long offset, List<Long> shape, List<Long> strides) {}

    /** Why a pickle cannot be read. */
    static final class RefusedObject extends Exception {
        private static final long serialVersionUID = 1L;

        RefusedObject(String why) {
            super(why);
        }
    }

    private final byte[] bytes;
    private final List<Object> stack = new ArrayList<>();
    private final Map<Integer, Object> memo = new HashMap<>();
    private final Set<String> refused = new LinkedHashSet<>();
    private final SortedSet<String> classes = new TreeSet<>();
    private int at;

    private Pickle(byte[] bytes) {
        this.bytes = bytes;
    }

    /** The one value of a pickle. */
    static Content read(byte[] bytes) throws RefusedObject {
        Pickle pickle = new Pickle(bytes);
        RefusedObject broken = null;
        Object value = null;
        try {
            value = pickle.run();
        } catch (RefusedObject e) {
            broken = e;
        }
        if (!pickle.refused.isEmpty()) {
            throw new RefusedObject("refuses " + String.join(", ", pickle.refused)
                    + ": a checkpoint has no reason to run commands or code; nothing of it was run");
        }
        if (broken != null) throw broken;
        return new Content(value, pickle.classes);
    }

    private Object run() throws RefusedObject {
        for (int count = 0; count < MOST_OPCODES; count++) {
            int opcode = unsigned(1);
            if (opcode == '.') return pop();
            step(opcode);
        }
        throw new RefusedObject("its pickle has more than " + MOST_OPCODES + " opcodes");
    }

    private void step(int opcode) throws RefusedObject {
        switch (opcode) {
            case 0x80 -> { // PROTO
                int protocol = unsigned(1);
                if (protocol > 5) throw new RefusedObject("pickle protocol " + protocol + " is not known");
            }
            case 0x95 -> skip(8); // FRAME
            case '(' -> push(MARK);
            case '0' -> pop();
            case '1' -> marked();
            case '2' -> push(top());
            case 'N' -> push(NOTHING);
            case 0x88 -> push(true);
            case 0x89 -> push(false);
            case 'K' -> push((long) unsigned(1));
            case 'M' -> push((long) unsigned(2));
            case 'J' -> push((long) (int) little(4));
            case 0x8a -> push(big(unsigned(1))); // LONG1
            case 0x8b -> push(big(little(4) & 0xffffffffL)); // LONG4
            case 'G' -> push(Double.longBitsToDouble(Long.reverseBytes(little(8))));
            case 'X', 'T', 'B' -> text(opcode, little(4) & 0xffffffffL);
            case 0x8c, 'U', 'C' -> text(opcode, unsigned(1));
            case 0x8d, 0x8e, 0x96 -> text(opcode, little(8)); // BINUNICODE8, BINBYTES8, BYTEARRAY8
            default -> containers(opcode);
        }
    }

    private void containers(int opcode) throws RefusedObject {
        switch (opcode) {
            case ']' -> push(new ArrayList<>(0));
            case '}' -> push(new LinkedHashMap<>(4));
            case 0x8f -> push(new ArrayList<>(0)); // EMPTY_SET
            case ')' -> push(List.of());
            case 0x85 -> push(List.of(pop()));
            case 0x86 -> tuple(2);
            case 0x87 -> tuple(3);
            case 't', 'l', 0x91 -> push(new ArrayList<>(marked())); // TUPLE, LIST, FROZENSET
            case 'a' -> {
                Object item = pop();
                list(top()).add(item);
            }
            case 'e', 0x90 -> { // APPENDS, ADDITEMS
                List<Object> items = marked();
                list(top()).addAll(items);
            }
            case 's' -> {
                Object value = pop();
                Object key = pop();
                put(top(), key, value);
            }
            case 'u' -> {
                List<Object> items = marked();
                putAll(top(), items);
            }
            case 'd' -> {
                List<Object> items = marked();
                push(new LinkedHashMap<>(4));
                putAll(top(), items);
            }
            default -> objects(opcode);
        }
    }

    private void objects(int opcode) throws RefusedObject {
        switch (opcode) {
            case 'q' -> memo.put(unsigned(1), top());
            case 'r' -> memo.put((int) little(4), top());
            case 0x94 -> memo.put(memo.size(), top()); // MEMOIZE
            case 'h' -> recall(unsigned(1));
            case 'j' -> recall((int) little(4));
            case 'c' -> push(named(line() + "." + line()));
            case 0x93 -> { // STACK_GLOBAL
                String name = String.valueOf(pop());
                push(named(pop() + "." + name));
            }
            case 'Q' -> push(PickleAllowList.storage(pop()));
            case 'R', 0x81 -> call(pop()); // REDUCE, NEWOBJ
            case 0x92 -> { // NEWOBJ_EX: keyword arguments lie on top
                pop();
                call(pop());
            }
            case 0x98 -> top(); // READONLY_BUFFER
            case 'b' -> pop(); // BUILD: attributes of an object, which nobody reads
            default ->
                throw new RefusedObject(
                        String.format(Locale.ROOT, "byte %d of its pickle (0x%02x) is no known opcode", at, opcode));
        }
    }

    private Object named(String name) {
        if (PickleAllowList.runsCode(name) && refused.size() < MOST_REFUSED) refused.add("'" + shortened(name) + "'");
        if (!PickleAllowList.isUsual(name) && classes.size() < MOST_CLASSES) classes.add(shortened(name));
        return new PickledGlobal(name);
    }

    private void call(Object arguments) throws RefusedObject {
        Object function = pop();
        if (function instanceof PickledGlobal named) push(PickleAllowList.call(named.name, arguments));
        else push(function instanceof Opaque ? function : NOTHING);
    }

    static String shortened(String name) {
        return (name.length() > 80 ? name.substring(0, 80) + "..." : name).replaceAll("\\p{Cntrl}", "?");
    }

    private void text(int opcode, long length) throws RefusedObject {
        if (length < 0 || length > bytes.length - at) throw new RefusedObject("its pickle ends within a text");
        // Bytes and Python 2's strings: one character each. Text: UTF-8.
        boolean utf8 = opcode == 'X' || opcode == 0x8c || opcode == 0x8d;
        push(new String(bytes, at, (int) length, utf8 ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1));
        at += (int) length;
    }

    private void tuple(int count) throws RefusedObject {
        if (stack.size() < count) throw new RefusedObject("its pickle takes more than it made");
        List<Object> items = stack.subList(stack.size() - count, stack.size());
        List<Object> tuple = new ArrayList<>(items);
        items.clear();
        push(tuple);
    }

    private void push(Object value) {
        stack.add(value);
    }

    private Object pop() throws RefusedObject {
        if (stack.isEmpty()) throw new RefusedObject("its pickle takes more than it made");
        return stack.remove(stack.size() - 1);
    }

    private Object top() throws RefusedObject {
        if (stack.isEmpty()) throw new RefusedObject("its pickle takes more than it made");
        return stack.get(stack.size() - 1);
    }

    /** Takes what was made since the last mark. */
    private List<Object> marked() throws RefusedObject {
        int mark = stack.lastIndexOf(MARK);
        if (mark < 0) throw new RefusedObject("its pickle takes more than it made");
        List<Object> tail = stack.subList(mark + 1, stack.size());
        List<Object> items = new ArrayList<>(tail);
        stack.subList(mark, stack.size()).clear();
        return items;
    }

    private void recall(int index) throws RefusedObject {
        Object value = memo.get(index);
        if (value == null) throw new RefusedObject("its pickle recalls what it never made");
        push(value);
    }

    /** Returns true for a value whose contents are read over. */
    private static boolean skipped(Object value) {
        return value == NOTHING || value instanceof Opaque;
    }

    @SuppressWarnings("unchecked")
    private static List<Object> list(Object value) throws RefusedObject {
        if (value instanceof ArrayList<?>) return (List<Object>) value;
        if (skipped(value)) return new ArrayList<>();
        throw new RefusedObject("its pickle appends to what is no list");
    }

    private static void putAll(Object map, List<Object> items) throws RefusedObject {
        if (items.size() % 2 != 0) throw new RefusedObject("its pickle has a key without a value");
        for (int i = 0; i < items.size(); i += 2) put(map, items.get(i), items.get(i + 1));
    }

    @SuppressWarnings("unchecked")
    private static void put(Object map, Object key, Object value) throws RefusedObject {
        if (skipped(map)) return;
        if (!(map instanceof Map<?, ?>)) throw new RefusedObject("its pickle fills what is no map");
        // Other keys are of no use here; a tuple of tuples of ... would take ages to hash.
        if (key instanceof String || key instanceof Long) ((Map<Object, Object>) map).put(key, value);
    }

    private void skip(int count) throws RefusedObject {
        need(count);
        at += count;
    }

    private void need(int count) throws RefusedObject {
        if (count > bytes.length - at) throw new RefusedObject("its pickle ends too early");
    }

    private int unsigned(int width) throws RefusedObject {
        return (int) little(width);
    }

    private long little(int width) throws RefusedObject {
        need(width);
        long value = 0;
        for (int i = 0; i < width; i++) value |= (bytes[at++] & 0xffL) << (8 * i);
        return value;
    }

    /** A whole number of that many bytes; one beyond 64 bits is of no use here. */
    private Object big(long bytesOfIt) throws RefusedObject {
        if (bytesOfIt > bytes.length - at) throw new RefusedObject("its pickle ends too early");
        int width = (int) bytesOfIt;
        if (width > 8) {
            at += width;
            return NOTHING;
        }
        long value = width == 0 ? 0 : little(width);
        return width == 0 || width == 8 ? value : value << (64 - 8 * width) >> (64 - 8 * width);
    }

    private String line() throws RefusedObject {
        int from = at;
        while (true) {
            need(1);
            if (bytes[at++] == '\n') return new String(bytes, from, at - 1 - from, StandardCharsets.UTF_8);
        }
    }
}
