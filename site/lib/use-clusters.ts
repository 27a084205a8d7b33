import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { fetchClusters, type Scenario } from '#engine';

/** Whether all that running these scenarios needs is here; it is on its way otherwise. */
export function useClusters(scenarios: readonly Pick<Scenario, 'topology'>[]): Signal<boolean> {
  const coming = useMemo(() => fetchClusters(scenarios), [scenarios]);
  const areHere = useSignal(coming === null);
  useEffect(() => {
    coming?.then(() => {
      areHere.value = true;
    });
  }, [coming, areHere]);
  return areHere;
}
