// Runs one kernel on the processor: numbers from standard input, answers to standard output.
//
// Layout     each array is its length as u64 and then its elements, little-endian; order as read below
#include "shim.h"

#include "program.cu"

template <class T> static std::vector<T> array() {
    uint64_t count = 0;
    if (fread(&count, sizeof count, 1, stdin) != 1) {
        exit(2);
    }
    std::vector<T> all(count);
    if (fread(all.data(), sizeof(T), count, stdin) != count) {
        exit(3);
    }
    return all;
}

template <class T> static void answer(const std::vector<T> &all) { fwrite(all.data(), sizeof(T), all.size(), stdout); }

template <class F> static void each_thread(long long count, F kernel) {
    blockDim.x = THREADS;
    for (blockIdx.x = 0; (long long)blockIdx.x * THREADS < count; blockIdx.x++) {
        for (threadIdx.x = 0; threadIdx.x < THREADS; threadIdx.x++) {
            kernel();
        }
    }
}

int main() {
    auto bytes = array<unsigned char>();
    auto curves = array<double>();
    auto tables = array<double>();
    auto single = array<float>();
    Model model;
    if (bytes.size() != sizeof model) {
        fprintf(stderr, "the struct has %zu bytes, %zu came\n", sizeof model, bytes.size());
        return 4;
    }
    memcpy(&model, bytes.data(), sizeof model);
    model.curves = curves.data();
    model.exact_tables = tables.data();
    model.tables = sizeof(REAL) == sizeof(float) ? (const REAL *)single.data() : (const REAL *)tables.data();
#ifdef EVALUATE
    auto points = array<double>();
    auto time = array<double>();
    long long count = (long long)points.size() / 3;
    std::vector<double> answers(4 * count, NAN);
    Points run = {points.data(), answers.data(), count, time[0]};
    each_thread(count, [&] { evaluate(model, run); });
    answer(answers);
#else
    auto stars = array<double>();
    auto steps = array<long long>();
    auto rests = array<double>();
    auto outputs = array<long long>();
    // start, step, relative, position, velocity
    auto numbers = array<double>();
    auto most = array<long long>();
    long long count = (long long)stars.size() / 6;
    std::vector<double> states(6 * count * outputs[0], 1e300), energies(2 * count, 1e300);
    std::vector<unsigned char> ends(count, 255);
    Run run = {stars.data(), states.data(), energies.data(), ends.data(), steps.data(), rests.data(), count, outputs[0],
               numbers[0],   numbers[1],    numbers[2],      numbers[3],  numbers[4],   most[0]};
#ifdef DOP853
    each_thread(count, [&] { dop853(model, run); });
#else
    each_thread(count, [&] { symplectic(model, run); });
#endif
    answer(states);
    answer(energies);
    answer(ends);
#endif
    return 0;
}
